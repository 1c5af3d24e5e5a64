#!/usr/bin/env bash
# trading-signals 8.3.0 (npm): the range expansion index of 8 rows is that of all rows so far, and shrinks to nothing: no signal in 2,000 rows of 146.
#
# Guessed: REI(8) is of the last 8 rows, as the interval of each indicator there (its docs promise windows, not all of history), so a program that
# has run for a week tells what one tells that was started today.
# Seen: no row leaves, and the sums begin at row 9 for good. Of a random walk the greatest value of 250 rows is 45 in the first 250, 15 in the next,
# 1.4 in the eighth, where that of the last 8 rows, by hand, passes 60 as often as before. So it is SIDEWAYS for good, and what it tells depends on
# when the program was started: two that are started 1,000 rows apart do not agree
# on the sign of one row.
# What follows: a backtest says that the rule does not trade, a restart that it does, and a regime by REI is "sideways" with time; make a new one of
# the last 16 rows for each row.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund trading-signals@8.3.0
cat >test.js <<'JS'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { REI } from "trading-signals";

let seed = 7;
const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
let close = 100;
const rows = Array.from({ length: 2_000 }, () => {
  close += random() + random() - 1;
  return { high: close + random(), low: close - random(), close };
});

// DeMark's sum: the moves over two rows of highs and lows count where they come near to the prices of a week before.
function byHand(end, interval = 8) {
  let sum = 0, all = 0;
  for (let row = end; row > end - interval; row--) {
    const [now, two, five, six, seven, eight] = [0, 2, 5, 6, 7, 8].map((before) => rows[row - before]);
    const below = two.high < seven.close && two.high < eight.close && now.high < five.high && now.high < six.high;
    const above = two.low > seven.close && two.low > eight.close && now.low > five.low && now.low > six.low;
    const [high, low] = [now.high - two.high, now.low - two.low];
    sum += below || above ? 0 : high + low;
    all += Math.abs(high) + Math.abs(low);
  }
  return (100 * sum) / all;
}

const rei = new REI(8), late = new REI(8), blocks = [];
let others = 0;
rows.forEach((row, number) => {
  const told = rei.add(row);
  const begunLater = number < 1_000 ? null : late.add(row);
  others += begunLater !== null && begunLater * told < 0 ? 1 : 0;
  if (told === null) return;
  const block = (blocks[Math.floor(number / 250)] ??= { greatest: 0, signals: 0, right: 0 });
  block.greatest = Math.max(block.greatest, Math.round(10 * Math.abs(told)) / 10);
  block.signals += rei.getSignal().state === "SIDEWAYS" ? 0 : 1;
  block.right += Math.abs(byHand(number)) > 60 ? 1 : 0;
});
const { version } = JSON.parse(readFileSync("node_modules/trading-signals/package.json"));
for (const { greatest, signals, right } of blocks)
  console.log(`trading-signals ${version}: of 250 rows: greatest REI ${greatest}, signals ${signals}; of the last 8 rows, by hand: ${right}`);
console.log(`of 985 rows, another sign than one that was begun 1,000 rows later: ${others}`);
assert.deepEqual(blocks.map(({ greatest }) => greatest), [44.8, 15.4, 10.8, 10.8, 6.6, 4.8, 2.1, 1.4], "rows leave the window now");
assert.deepEqual(blocks.map(({ signals }) => signals), Array(8).fill(0));
assert.equal(others, 985);
assert.deepEqual(blocks.map(({ right }) => right), [18, 25, 22, 23, 2, 15, 30, 11]);
JS
node test.js
