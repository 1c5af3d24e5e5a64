#!/usr/bin/env bash
# grademark 0.3.0: two trades that let an account grow by 7.8 % have a profit factor of 0.5 and an expected value of -5.
#
# Guessed: what `analyze` says of wins and losses is of the capital that it puts into each trade, as its profit and drawdown are.
# Seen: the capital is multiplied by each trade's growth, all of it at stake; `profitFactor`, `averageWinningTrade`, `averageLosingTrade` and
# `expectedValue` add up `profit`, which is the difference of two prices. 10 won at a price of 100 and 20 lost at one of 1,000 are +10 % and
# -2 %; with the second price divided by 100 the same trades have a factor of 50. A trade that earned nothing counts as lost.
# What follows: a market whose price has grown, or several markets together, decide whether a policy looks good; sum what the
# capital earned.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
# chai is imported by grademark, and not among what it depends on.
npm install --silent --no-audit --no-fund grademark@0.3.0 chai@4.5.0
cat >analyse.js <<'JS'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import grademark from "grademark";

const at = new Date("2024-01-05T09:30:00Z");
const trade = (bought, sold) => ({
  direction: "long",
  entryTime: at,
  exitTime: at,
  entryPrice: bought,
  exitPrice: sold,
  profit: sold - bought,
  profitPct: (100 * (sold - bought)) / bought,
  growth: sold / bought,
  holdingPeriod: 1,
  exitReason: "rule",
});
const { version } = JSON.parse(readFileSync("node_modules/grademark/package.json"));
const analysed = (name, trades) => {
  const said = grademark.analyze(1_000, trades);
  const [profit, factor, expected] = [said.profitPct, said.profitFactor, said.expectedValue].map((each) => Number(each?.toFixed(3)));
  console.log(`grademark ${version}: ${name}: ${profit} % earned, profit factor ${factor}, expected value ${expected}, lost ${said.numLosingTrades}`);
  return [profit, factor, expected, said.numLosingTrades];
};
assert.deepEqual(analysed("+10 % at 100, -2 % at 1,000", [trade(100, 110), trade(1_000, 980)]), [7.8, 0.5, -5, 1]);
assert.deepEqual(analysed("+10 % at 100, -2 % at 10", [trade(100, 110), trade(10, 9.8)]), [7.8, 50, 4.9, 1]);
assert.deepEqual(analysed("+10 % and nothing", [trade(100, 110), trade(100, 100)]).slice(3), [1]);
JS
node analyse.js
