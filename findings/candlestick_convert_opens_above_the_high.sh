#!/usr/bin/env bash
# candlestick-convert 7.0.0 (npm): a minute of trades at 105 and 104 opens at 112 with a high of 105, and its first trade was nobody's.
#
# Guessed: open, high, low and close of a candle are of its own trades, the buyers' volume is that of all trades whose side is BUY, and
# the same trades give minutes after they have given five minutes.
# Seen: from trades, each candle but the first opens at the close of the one before, and high and low do not know that, so the open is outside of
# them at each jump. The extended candle counts its first trade in the volume, but not in `tx`, `buyTx` and `buyVolume`: a market where every
# trade was bought has 3 of 4 bought, and one trade a minute has none. The trades given have had their times cut to the
# interval: minutes made after five minutes are five minutes. `batchCandles`, from candles, opens at the first one's open.
# What follows: an order flow of quiet minutes says "sold", and a range or a gap is not there; give copies, and count oneself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund candlestick-convert@7.0.0
cat >test.js <<'JS'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import convert from "candlestick-convert";

const start = Date.UTC(2024, 0, 5, 14);
const of = (rows) => rows.map(([second, price]) => ({ time: start + 1_000 * second, price, quantity: 1, side: 0 }));
const jumps = () => of([[0, 100], [30, 101], [61, 110], [90, 112], [130, 105], [170, 104]]);
const steady = (perMinute) => of(Array.from({ length: 10 * perMinute }, (_, number) => [(60 / perMinute) * number, 100]));

const { version } = JSON.parse(readFileSync("node_modules/candlestick-convert/package.json"));
const candles = convert.batchTicksToCandle(jumps(), 60, true);
for (const { open, high, low, close } of candles)
  console.log(`candlestick-convert ${version}: open ${open}, high ${high}, low ${low}, close ${close}`);
const bought = [4, 1].map((perMinute) => {
  const last = convert.batchTradeToExtCandle(steady(perMinute), 60, true).at(-1);
  console.log(`${perMinute} trades a minute, all bought: volume ${last.volume}, bought ${last.buyVolume}, trades ${last.tx}`);
  return [last.volume, last.buyVolume, last.tx];
});
const minutes = [[60], [300, 60]].map((intervals) => {
  const trades = jumps();
  return intervals.map((seconds) => convert.batchTicksToCandle(trades, seconds, true).length).at(-1);
});
console.log(`minutes of three minutes of trades: ${minutes[0]}; after five minutes have been made of them: ${minutes[1]}`);
assert.deepEqual(candles.map(({ open, high, low, close }) => [open, high, low, close]), [
  [100, 101, 100, 101], [101, 112, 110, 112], [112, 105, 104, 104],
]);
assert.deepEqual(bought, [[4, 3, 3], [1, 0, 0]]);
assert.deepEqual(minutes, [3, 1]);
JS
node test.js
