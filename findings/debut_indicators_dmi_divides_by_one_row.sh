#!/usr/bin/env bash
# @debut/indicators 1.4.2 (npm): +DI of its DMI, a share of at most 100, is 232 where the newest row is quiet, 2 where it is wide; right is 25, 14.
#
# Guessed: +DI is 100 times the smoothed move up by the smoothed true range, both of 14 rows, so it lies between 0 and 100, and one quiet row hardly
# moves it. So it is in ADX of the same library, and in technicalindicators.
# Seen: the smoothed move is divided by the true range of the newest row alone. In a rise with +DI at 23, ranges of 2, a row of 0.2 makes it ten
# times as much, one of 20 a tenth, whatever the trend. -DI goes with it, so their ratio, and `adx`, is not changed.
# What follows: a rule "+DI above 25" holds in quiet rows and not in wide ones, and a regime by DI is one by the last candle; take ADX, which has
# pdi and mdi.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund @debut/indicators@1.4.2 technicalindicators@3.1.0
cat >test.js <<'JS'
const assert = require("node:assert");
const { ADX, DMI } = require("@debut/indicators");
const indicators = require("technicalindicators");

const two = (value) => Math.round(100 * value) / 100;
const seen = {};
for (const [name, range] of [["as wide as before", 2], ["quiet", 0.2], ["wide", 20]]) {
  // Highs and lows rise by 0.5 a row, each candle closes in its middle; the last one has its own range.
  const rows = Array.from({ length: 100 }, (_, row) => [101 + row / 2, 99 + row / 2, 100 + row / 2]);
  const close = 149.5;
  rows.push([close + range / 2, close - range / 2, close]);
  const [dmi, adx] = [new DMI(14), new ADX(14)];
  let told, same;
  for (const row of rows) [told, same] = [dmi.nextValue(...row), adx.nextValue(...row)];
  const [high, low, closes] = [0, 1, 2].map((at) => rows.map((row) => row[at]));
  const right = indicators.adx({ high, low, close: closes, period: 14 }).at(-1);
  seen[name] = [told.plusDI, told.minusDI, same.pdi, same.mdi, right.pdi, right.mdi].map(two);
  console.log(`newest row ${name}: DMI +DI ${seen[name][0]}, -DI ${seen[name][1]}; ADX of it ${seen[name][2]}, ${seen[name][3]}; ` +
    `technicalindicators ${seen[name][4]}, ${seen[name][5]}`);
}
assert.deepEqual(seen, {
  "as wide as before": [23.21, 0, 23.21, 0, 23.21, 0],
  quiet: [232.14, 0, 24.81, 0, 24.81, 0],
  wide: [2.32, 0, 14.13, 0, 14.13, 0],
}, "the range is smoothed now");
JS
node test.js
