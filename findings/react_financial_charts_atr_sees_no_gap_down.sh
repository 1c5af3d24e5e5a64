#!/usr/bin/env bash
# @react-financial-charts/indicators 2.0.0 (npm): a market that opens 10 lower each day has an ATR of 2, one that opens 10 higher has 11.
#
# Guessed: the true range is the greatest of high - low, |high - close before| and |low - close before|, so a market turned upside down has the
# same ATR, and a gap counts whichever way it goes.
# Seen: of the low, low - close before is taken as it is, which is never above high - low, so a gap down is not there: of rows with high and low 1
# above and below a close that falls by 10 a row ATR is 2, as without gaps. The same rows upside down have 11, as technicalindicators has for both.
# What follows: a stop and a size by this ATR are right in a rise and up to five times too tight in the gaps of a crash, where they are for.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
# What the library is read with in a page; its modules name no endings.
npm install --silent --no-audit --no-fund --legacy-peer-deps @react-financial-charts/indicators@2.0.0 technicalindicators@3.1.0 esbuild@0.25.12
cat >test.js <<'JS'
import assert from "node:assert";
import { atr } from "@react-financial-charts/indicators";
import indicators from "technicalindicators";

const rows = (prices) => prices.map((price) => ({ open: price, high: price + 1, low: price - 1, close: price }));
const seen = {};
for (const [name, step] of [["gaps of 10 up", 10], ["gaps of 10 down", -10], ["no gaps", 0]]) {
  const market = rows(Array.from({ length: 40 }, (_, row) => 1_000 + step * row));
  const [high, low, close] = ["high", "low", "close"].map((key) => market.map((row) => row[key]));
  const told = atr().options({ windowSize: 14 })(market, { merge: false }).at(-1);
  const right = indicators.atr({ high, low, close, period: 14 }).at(-1);
  seen[name] = [told, right];
  console.log(`@react-financial-charts/indicators 2.0.0: ${name}: ATR ${told}, by technicalindicators ${right}`);
}
assert.deepEqual(seen, { "gaps of 10 up": [11, 11], "gaps of 10 down": [2, 11], "no gaps": [2, 2] }, "a gap down counts now");
JS
npx esbuild test.js --bundle --platform=node --format=cjs --outfile=test.cjs --log-level=error
node test.cjs
