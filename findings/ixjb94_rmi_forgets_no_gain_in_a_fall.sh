#!/usr/bin/env bash
# @ixjb94/indicators 1.2.4 (npm): RMI of a price that has fallen for 60 rows is 50, not 0, and with one row up in ten it is 45, not 10.
#
# Guessed: the relative momentum index is 100 gains / (gains + losses), both smoothed over each row: a row that falls counts as a gain of nothing, so
# after 60 falling rows with a period of 14 the gains have gone and it is about 0. PFE of a straight line is 100 whatever its period.
# Seen: of a row without a gain the mean of gains is left as it was, and so is that of losses in a row that rises: `a ? 0 : b - mean` takes the mean
# off b only. So each is the mean size of what there was, however long ago and however seldom: nine rows that fall by 1 and one that rises by 1 are
# nearly as bullish as ten that do so in turns. PFE holds the square of 10 for that of its period: a straight rise has 100 with 10, 79 with 20.
# What follows: a regime by this RMI is not left, "below 30" is never, and PFE of another period than 10 calls each trend weak. Nothing is refused.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund @ixjb94/indicators@1.2.4
cat >test.js <<'JS'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { Indicators, IndicatorsSync } from "@ixjb94/indicators";

const { version } = JSON.parse(readFileSync("node_modules/@ixjb94/indicators/package.json"));
const path = (moves) => moves.reduce((prices, move) => [...prices, prices.at(-1) + move], [200]);
const markets = {
  "60 rows up, 60 down": path([...Array(60).fill(1), ...Array(60).fill(-1)]),
  "60 rows down, 60 up": path([...Array(60).fill(-1), ...Array(60).fill(1)]),
  "one row in ten up": path(Array.from({ length: 120 }, (_, row) => (row % 10 === 5 ? 1 : -1))),
  "each second row up": path(Array.from({ length: 120 }, (_, row) => (row % 2 ? 1 : -1))),
};

function byHand(prices, period, lookback) {
  let [gains, losses] = [undefined, undefined];
  for (let row = lookback; row < prices.length; row++) {
    const [gain, loss] = [1, -1].map((sign) => Math.max(0, sign * (prices[row] - prices[row - lookback])));
    gains = gains === undefined ? gain : gains + ((gain - gains) * 2) / (1 + period);
    losses = losses === undefined ? loss : losses + ((loss - losses) * 2) / (1 + period);
  }
  return (100 * gains) / (gains + losses);
}

const seen = {};
for (const [name, prices] of Object.entries(markets)) {
  // A lookback of one row: the momentum is that of the row.
  const told = new IndicatorsSync().rmi(prices, 14, 1).at(-1), also = (await new Indicators().rmi(prices, 14, 1)).at(-1);
  assert.equal(told, also);
  seen[name] = [Math.round(told), Math.round(byHand(prices, 14, 1))];
  console.log(`@ixjb94/indicators ${version}: ${name}: RMI ${seen[name][0]}, by hand ${seen[name][1]}`);
}
const straight = [10, 20, 50].map((period) => Math.round(new IndicatorsSync().pfe(path(Array(120).fill(1)), period, 5).at(-1)));
console.log(`PFE of a straight rise with 10, 20 and 50 rows: ${straight}`);
assert.deepEqual(straight, [100, 79, 72]);
assert.deepEqual(seen, {
  "60 rows up, 60 down": [50, 0],
  "60 rows down, 60 up": [50, 100],
  "one row in ten up": [45, 10],
  "each second row up": [50, 54],
}, "a row without a gain counts as one now");
JS
node test.js
