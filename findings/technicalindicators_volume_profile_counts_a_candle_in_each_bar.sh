#!/usr/bin/env bash
# technicalindicators 3.1.0 (npm): a volume profile of 9,000 traded tells 54,000, or 108,000, and its busiest price has an eighth of what another has.
#
# Guessed: each candle's volume is shared among the bars of price that it goes through, so the bars add up to what was traded, however many there
# are, and the bar with the most is where most was traded.
# Seen: the whole volume of a candle is put into each bar that it touches. Of 40 candles of 100 at 100.5 and ten wide ones of 500 from 105 to 115,
# 9,000 in all, 20 bars of one point tell 54,000: 4,000 at 100, where 4,000 was traded, and 5,000 at each point from 105 on, where about 500
# was. 40 bars tell twice as much.
# What follows: "point of control" and "value area" are where candles are long, not where trades are, and levels by it follow volatility; share
# the volume oneself, or take candles of a minute.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund technicalindicators@3.1.0
cat >test.js <<'JS'
import assert from "node:assert";
import indicators from "technicalindicators";

// Low, high, volume.
const candles = [
  ...Array(40).fill([100.25, 100.75, 100]),
  ...Array(10).fill([105.25, 114.75, 500]),
  // The ends of the range: bars begin at 95 and end at 115.
  [95, 95, 0], [115, 115, 0],
];
const input = (bars) => ({
  open: candles.map(([low]) => low), close: candles.map(([, high]) => high), low: candles.map(([low]) => low),
  high: candles.map(([, high]) => high), volume: candles.map(([, , volume]) => volume), noOfBars: bars,
});

function shared(start, end) {
  return candles.reduce((sum, [low, high, volume]) => {
    const both = Math.max(0, Math.min(high, end) - Math.max(low, start));
    return sum + (high > low ? (volume * both) / (high - low) : 0);
  }, 0);
}

const seen = {};
for (const bars of [20, 40]) {
  const profile = indicators.volumeprofile(input(bars));
  const right = profile.map(({ rangeStart, rangeEnd }) => shared(rangeStart, rangeEnd));
  const most = (values) => profile[values.indexOf(Math.max(...values))].rangeStart;
  const told = profile.map(({ totalVolume }) => totalVolume);
  const sum = (values) => Math.round(values.reduce((total, value) => total + value, 0));
  seen[bars] = [sum(told), most(told), Math.max(...told), sum(right), most(right), Math.round(Math.max(...right))];
  console.log(`${bars} bars: told ${seen[bars][0]} in all, most (${seen[bars][2]}) from ${seen[bars][1]}; ` +
    `shared ${seen[bars][3]} in all, most (${seen[bars][5]}) from ${seen[bars][4]}`);
}
assert.deepEqual(seen, { 20: [54_000, 105, 5_000, 9_000, 100, 4_000], 40: [108_000, 105, 5_000, 9_000, 100, 2_000] }, "volume is shared now");
JS
node test.js
