#!/usr/bin/env bash
# indicatorts 2.2.2: each value of the Chande forecast oscillator rests on the last price of the series, and a strategy of it is tested so.
#
# Guessed: `cfo` forecasts a price from a line through the few before it, as the oscillator is defined; no value changes with what comes.
# Seen: one line is fitted through the whole series, and all 200 values change when 100 later prices are known; `mcfo`, with a window, is
# what the name says. `cfoStrategy`, one of those that its `backtest` ranks, takes the first one. On 200 random walks of 300 days it ends far
# behind holding, and its opposite (`reverseActions`) far ahead, where there is nothing to know.
# What follows: what is learned from those actions, or from the oscillator as a feature, is of the future; use `mcfo`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund indicatorts@2.2.2
cat >test.js <<'JS'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { applyActions, cfo, cfoStrategy, macdStrategy, mcfo, reverseActions } from "indicatorts";

function walk(seed) {
  let state = seed;
  const chance = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
  const normal = () => Array.from({ length: 12 }, chance).reduce((sum, each) => sum + each, -6);
  const closings = [100];
  while (closings.length < 300) closings.push(closings.at(-1) * Math.exp(0.01 * normal()));
  const dates = closings.map((_, day) => new Date(Date.UTC(2024, 0, 1 + day)));
  return { dates, openings: closings, highs: closings, lows: closings, closings, volumes: closings.map(() => 1) };
}
const changed = (indicator) => {
  const { closings } = walk(11);
  const whole = indicator(closings);
  return indicator(closings.slice(0, 200)).filter((value, day) => Math.abs(value - whole[day]) > 1e-9).length;
};
const walks = Array.from({ length: 200 }, (_, number) => walk(1_000 + 77 * number));
const earned = (actions) => {
  const gains = walks.map((asset) => applyActions(asset.closings, actions(asset)).at(-1));
  return Math.round((1_000 * gains.reduce((sum, gain) => sum + gain)) / gains.length) / 10;
};
const { version } = JSON.parse(readFileSync("node_modules/indicatorts/package.json"));
const held = Math.round((1_000 * walks.reduce((sum, { closings }) => sum + closings[299] / 100 - 1, 0)) / walks.length) / 10;
const opposite = earned((asset) => reverseActions(cfoStrategy(asset)));
const [as_it_is, other] = [earned(cfoStrategy), earned(macdStrategy)];
console.log(`indicatorts ${version}: of 200 values change with later prices: cfo ${changed(cfo)}, mcfo ${changed((prices) => mcfo(prices))}`);
console.log(`mean of 200 random walks: held ${held} %, macdStrategy ${other} %, cfoStrategy ${as_it_is} %, its opposite ${opposite} %`);
assert.equal(changed(cfo), 200);
assert.equal(changed((prices) => mcfo(prices)), 0);
assert.ok(as_it_is < held - 5 && opposite > held + 5 && Math.abs(other - held) < 4);
JS
node test.js
