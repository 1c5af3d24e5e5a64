#!/usr/bin/env bash
# technical 1.7.0 (of freqtrade): RMI of a price that only rises is 0, as of one that only falls; VIDYA by deviation of a bitcoin leaves all bounds.
#
# Guessed: the relative momentum index is 100 where there are no losses, as RSI is, and 0 where there are no gains; a moving average of prices in
# another unit is the average in that unit.
# Seen: where the mean of losses is 0 RMI is set to 0: the strongest rise is the deepest fall, up to the first row below that of five rows before,
# which makes it 98. VIDYA with `select=False` takes the standard deviation of the price as the share by which it follows: of one market at 1 it is
# at 2 % of the price after 100 rows, at 100 at 86 %, at 1,000 it follows, at 10,000 the share is above 2, so each row overshoots: minus 67,000 times
# the price after 100 rows. It begins at 0 in both modes: by momentum (the default) it is at 78 % of such a price after 30 rows.
# What follows: "buy below 30" buys a coin that has doubled without a pause since it was listed, and "above VIDYA" is each small coin, for ever.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: numpy==2.4.6 pandas==2.3.3 TA-Lib==0.8.2
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps technical==1.7.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy
import pandas
import talib
from technical.indicators import RMI, VIDYA

name = f"technical {version('technical')}"


def candles(closes):
    return pandas.DataFrame({"open": closes, "high": closes, "low": closes, "close": closes, "volume": 1.0})


rise = numpy.arange(100.0, 200.0)
fall = rise[::-1].copy()
setback = rise.copy()
setback[60:] -= 6.0
seen = {}
for market, closes in (("a rise", rise), ("a fall", fall), ("a rise up to a setback of 6", setback[:61])):
    # RSI by TA-Lib is defined alike, and one row of momentum more or less makes no difference to a straight line.
    seen[market] = round(RMI(candles(closes)).iloc[-1]), round(talib.RSI(closes, 20)[-1])
    print(f"{name}: {market}: RMI {seen[market][0]}, RSI {seen[market][1]}")
# Two rows up and one down, 0.1 % each.
walk = 100.0 + numpy.r_[0.0, numpy.tile([1.0, 1.0, -1.0], 100).cumsum()] * 0.1
shares = {}
for unit in (0.01, 1.0, 10.0, 100.0):
    prices = walk * unit
    shares[unit] = [float(f"{told:.2g}") for told in (VIDYA(candles(prices), 9, select=False) / prices).iloc[[100, 300]]]
    print(f"{name}: the same market at {prices[0]:,.0f}: VIDYA by deviation over the price after 100 and 300 rows: {shares[unit]}")
by_momentum = {unit: round((VIDYA(candles(walk * unit), 9) / (walk * unit)).iloc[30], 2) for unit in shares}
print(f"{name}: by momentum after 30 rows: {by_momentum}")
assert seen == {"a rise": (0, 100), "a fall": (0, 0), "a rise up to a setback of 6": (98, 79)}, "a rise without a loss is 100 now"
assert shares == {0.01: [0.019, 0.058], 1.0: [0.86, 0.99], 10.0: [1.0, 1.0], 100.0: [-67_000.0, -4e15]}, "the average is in the unit of the price now"
assert set(by_momentum.values()) == {0.78}
PYTHON
