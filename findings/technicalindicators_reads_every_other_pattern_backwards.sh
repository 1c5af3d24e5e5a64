#!/usr/bin/env bash
# technicalindicators 3.1.0 (npm): with `reversedInput` a candlestick pattern turns the caller's arrays, and the next one reads time backwards.
#
# Guessed: `reversedInput: true` says that the newest row comes first, as exchanges give them. The same question has the same answer, and what is
# given is as it was, as with the indicators there: sma turns its values back.
# Seen: a pattern turns open, high, low and close in place, and nothing turns them back. The same call says true, false, true, false: each second one
# takes the two oldest rows, read backwards in time, for the newest. `bullish` asks 14 patterns of the same arrays, so seven of them are asked of
# the oldest rows: of 500 windows of 20 rows 54 have another answer than the same rows oldest first:
# 17 of the 103 that are bullish are missed, 37 that are not are told.
# An sma of the arrays after one pattern is of the rows the other way round, its newest value 97.5 for 101.5.
# What follows: entries by patterns are half noise of rows that have long gone; give the rows oldest first, without the option.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund technicalindicators@3.1.0
cat >test.js <<'JS'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import indicators from "technicalindicators";

const { version } = JSON.parse(readFileSync("node_modules/technicalindicators/package.json"));
const names = ["open", "high", "low", "close"];
const oldestFirst = (rows) => Object.fromEntries(names.map((name, at) => [name, rows.map((row) => row[at])]));
const newestFirst = (rows) => ({ ...oldestFirst([...rows].reverse()), reversedInput: true });
// Rows that rise, one that falls, and one that engulfs it: open, high, low, close, the oldest first.
const rows = [[96, 98, 95, 97], [97, 99, 96, 98], [98, 100, 97, 99], [99, 101, 98, 100], [101, 102, 99, 100], [99, 104, 98, 103]];
const given = newestFirst(rows);
const answers = [1, 2, 3, 4].map(() => indicators.bullishengulfingpattern(given));
const once = newestFirst(rows);
indicators.bullishengulfingpattern(once);
const newest = [newestFirst(rows), once].map(({ close }) => indicators.sma({ period: 2, values: close, reversedInput: true })[0]);
console.log(`technicalindicators ${version}: the same question four times: ${answers}`);
console.log(`newest mean of two closes: before a pattern was asked ${newest[0]}, after ${newest[1]}`);

let seed = 11;
const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
let last = 100;
const walk = Array.from({ length: 520 }, () => {
  const open = last + random() - 0.5;
  const close = (last = open + 4 * random() - 2);
  return [open, Math.max(open, close) + random(), Math.min(open, close) - random(), close];
});
let [others, bullish, missed] = [0, 0, 0];
for (let end = 20; end < 520; end++) {
  const window = walk.slice(end - 20, end);
  const [told, right] = [newestFirst, oldestFirst].map((order) => indicators.bullish(order(window)));
  bullish += right ? 1 : 0;
  others += told === right ? 0 : 1;
  missed += right && !told ? 1 : 0;
}
console.log(`bullish() of 500 windows, newest first: ${others} are not as oldest first; of ${bullish} that are bullish ${missed} are missed`);
assert.deepEqual(answers, [true, false, true, false], "what is given is as it was now");
assert.deepEqual(newest, [101.5, 97.5]);
assert.deepEqual([others, bullish, missed], [54, 103, 17]);
JS
node test.js
