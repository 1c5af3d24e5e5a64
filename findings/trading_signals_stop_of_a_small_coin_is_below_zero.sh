#!/usr/bin/env bash
# trading-signals 8.3.0 (npm): the parabolic SAR of a coin at 0.0001 is minus a cent, so a long from there is not stopped, down by half.
#
# Guessed: a stop of a price in other units is the stop in other units: of prices times 0.000001 the SAR is 0.000001 times that of the prices.
# Seen: where one row takes out both the stop above and the low of the fall, so that the trend turns to long on an outside row, the stop is
# set at its low, and moved below it by 0.01, a cent of a dollar, whatever the price. At a price of 100 that is 0.01 %. At 0.0001 it is a hundred
# times the price, and the stop of -0.0099 needs hundreds of rows to come up: `state.isLong` stays true. At 1 it is 1 % lower.
# What follows: a policy that leaves by SAR holds small coins to the end, and its trades there are longer and worse than those of others; multiply
# the prices, so that a cent is nothing, before they are given.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund trading-signals@8.3.0
cat >test.js <<'JS'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { PSAR } from "trading-signals";

const { version } = JSON.parse(readFileSync("node_modules/trading-signals/package.json"));
// A fall by 1 a row, one wide row, 88 to 103, that is the lowest and above the stop, and a fall by 1 a row from 100.
const rows = [
  ...Array.from({ length: 10 }, (_, row) => [101 - row, 99 - row]),
  [103, 88],
  ...Array.from({ length: 60 }, (_, row) => [100 - row, 98 - row]),
];
const seen = new Map();
for (const unit of [1, 0.01, 0.000001]) {
  const sar = new PSAR({ accelerationStep: 0.02, accelerationMax: 0.2 });
  const told = rows.map(([high, low]) => {
    const stop = sar.add({ high: high * unit, low: low * unit });
    return [Math.round((100 * stop) / unit) / 100, sar.state.isLong];
  });
  // The first row of the second fall that is no longer long.
  const left = told.findIndex(([, isLong], row) => row > 10 && !isLong);
  seen.set(unit, [told[10], left < 0 ? null : rows[left][1]]);
  console.log(`trading-signals ${version}: prices of 100 times ${unit}: long from a low of 88, stop at ${told[10][0]}, ` +
    `left at ${left < 0 ? `no row (the last one is ${rows.at(-1)[1]})` : rows[left][1]}`);
}
assert.deepEqual(seen.get(1), [[87.99, true], 90]);
assert.deepEqual(seen.get(0.01), [[87, true], 89]);
assert.deepEqual(seen.get(0.000001), [[-9912, true], null], "the stop knows the unit of the price now");
JS
node test.js
