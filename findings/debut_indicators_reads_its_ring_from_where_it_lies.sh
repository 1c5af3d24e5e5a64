#!/usr/bin/env bash
# @debut/indicators 1.4.2 (npm): the Chande momentum of a price that only rises is -4, not 100, in 14 rows of 15, and 48 of 54 fractals are wrong.
#
# Guessed: CMO of a rise is 100, of a fall -100; DPO of a price that rises by 1 a row is the price of 11 rows ago less the mean of 20, so -1.5; a
# fractal is told once, two rows after its high.
# Seen: the values lie in a ring, and are read as it lies in memory, not from the oldest on. Where the ring is not at its start there is a step
# from the newest value to the oldest: CMO of a rise by 1 has 13 gains of 1 and a loss of 14, (13 - 14) / 27 = -3.7 %, of a fall +3.7 %. DPO takes the
# price of 0 to 11 rows ago in turns: -1.5 once in 12 rows, up to 9.5 else. Of a wave with 30 highs 54 fractals are told: 6 in the right
# row, 24 in the row of the high itself or up to four after it, and 24 of rows that are no high.
# What follows: a regime by this CMO says "no trend" in the strongest trend, and "trend" for one row in 15. Take another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund @debut/indicators@1.4.2
cat >test.js <<'JS'
const assert = require("node:assert");
const { CMO, DPO, Fractal } = require("@debut/indicators");

const ten = (value) => Math.round(10 * value) / 10;
const count = (values) => values.reduce((counts, value) => ({ ...counts, [value]: (counts[value] ?? 0) + 1 }), {});
const seen = {};
for (const step of [1, -1]) {
  const [cmo, dpo] = [new CMO(14), new DPO(20)];
  const told = { cmo: [], dpo: [] };
  for (let row = 0; row < 300; row++) {
    const price = 1_000 + step * row;
    const [momentum, detrended] = [cmo.nextValue(price), dpo.nextValue(price)];
    // 240 rows: 16 rounds of a ring of 15, and 20 rounds of one of 12.
    if (row >= 60) {
      told.cmo.push(ten(momentum));
      told.dpo.push(ten(detrended));
    }
  }
  seen[step] = [count(told.cmo), count(told.dpo)];
  console.log(`price ${step > 0 ? "rises" : "falls"}: CMO ${JSON.stringify(seen[step][0])}, right ${100 * step} in all 240`);
  console.log(`  DPO ${JSON.stringify(seen[step][1])}, right ${-1.5 * step} in all 240`);
}
const fractal = new Fractal(2, 2);
const ages = [];
for (let row = 0; row < 330; row++) {
  // Highs of 110 at 4, 13, 22, ...
  const high = 110 - Math.abs((row % 9) - 4);
  const told = fractal.nextValue(high, high - 1);
  if (told?.up !== undefined && row >= 60) ages.push(`${(row + 5) % 9} rows after a high, ${told.up}`);
}
console.log("fractals of a wave with 30 highs of 110, right two rows after each:", count(ages));
const each = (from, to, of) => Object.fromEntries(Array.from({ length: to - from + 1 }, (_, row) => [from + row - 0.5, of]));
assert.deepEqual(seen[1], [{ "-3.7": 224, 100: 16 }, each(-1, 10, 20)], "the ring is read in order now");
assert.deepEqual(seen[-1], [{ "-100": 16, 3.7: 224 }, each(-9, 2, 20)]);
assert.deepEqual(Object.values(count(ages)), Array(9).fill(6));
assert.equal(count(ages)["2 rows after a high, 110"], 6);
JS
node test.js
