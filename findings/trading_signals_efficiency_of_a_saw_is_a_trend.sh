#!/usr/bin/env bash
# trading-signals 8.3.0 (npm): a price that goes up and down by 4 all day has an efficiency ratio of 0.8, a "trend", and a straight fall is BULLISH.
#
# Guessed: Kaufman's efficiency ratio is what the price has gone from end to end, divided by the way it took, the sum of all moves: 1 of a straight
# line, near 0 of a saw. And a state of BULLISH, of a library whose RSI and MACD have it so, is of a price that rises.
# Seen: it is divided by the range, the greatest high less the least low: of a saw between 100 and 104, with candles of 0.5 on each side, it is
# 4 / 5 in each row, where 36 points were gone for 4, 0.11. From 0.5 on `getSignal()` says BULLISH, of a straight fall as well. KAMA of the same
# library has the ratio by the way in its source.
# What follows: a regime of "trend" by it is one of a market without any, and an entry by its state buys each crash; divide by the sum of moves, and
# take the sign oneself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund trading-signals@8.3.0
cat >test.js <<'JS'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { ER } from "trading-signals";

const { version } = JSON.parse(readFileSync("node_modules/trading-signals/package.json"));
const two = (value) => Math.round(100 * value) / 100;

function byHand(closes) {
  const way = closes.slice(1).reduce((sum, close, row) => sum + Math.abs(close - closes[row]), 0);
  return two(Math.abs(closes.at(-1) - closes[0]) / way);
}

const markets = {
  "saw of 4": (row) => 100 + 4 * (row % 2),
  "straight rise": (row) => 100 + row,
  "straight fall": (row) => 200 - row,
};
const seen = {};
for (const [name, price] of Object.entries(markets)) {
  const closes = Array.from({ length: 40 }, (_, row) => price(row));
  const ratio = new ER(10);
  for (const close of closes) ratio.add({ high: close + 0.5, low: close - 0.5, close });
  seen[name] = [two(ratio.getResult()), ratio.getSignal().state, byHand(closes.slice(-10))];
  console.log(`trading-signals ${version}: ${name}: ER ${seen[name][0]}, ${seen[name][1]}; by the way it took ${seen[name][2]}`);
}
assert.deepEqual(seen, {
  "saw of 4": [0.8, "BULLISH", 0.11],
  "straight rise": [0.9, "BULLISH", 1],
  "straight fall": [0.9, "BULLISH", 1],
}, "the ratio is by the way now");
JS
node test.js
