#!/usr/bin/env bash
# pyti 0.3.0: each CCI and each volume-adjusted mean changes with rows that come later, and the mean of a price that stays at 100 is 149.
#
# Guessed: an indicator of 14 rows is of these 14 rows: CCI is (price - mean) / (0.015 * mean absolute deviation) of them, and a mean
# weighted by volume lies between the least and the greatest price.
# Seen: `commodity_channel_index` divides by the deviation of all rows that are given, `volume_adjusted_moving_average` by the mean volume of
# all: with 100 further rows each of 187 values changes. A trend in the last hundred rows makes CCI of the first hundred 28 times smaller.
# The mean of a price that stays at 100 is 149 where volume does, too, since volume counts against 0.67 times its mean and what it weighs is not
# divided by the weights; where volume doubles half way it is 99.5 before and 199 after. RSI, ATR and 40 others do not change.
# What follows: as features or as rules both know the future, and cannot be had live as they were tested.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: pyti==0.3.0 numpy==2.4.6 pandas==2.3.3
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import random
from importlib.metadata import version

import numpy
from pyti.commodity_channel_index import commodity_channel_index
from pyti.relative_strength_index import relative_strength_index
from pyti.volume_adjusted_moving_average import volume_adjusted_moving_average

source = random.Random(3)
close = [100.0]
while len(close) < 300:
    close.append(close[-1] * (1 + source.gauss(0, 0.01)))
high, low = [1.002 * each for each in close], [0.998 * each for each in close]
volume = [1_000 + 1_000 * source.random() for _ in close]
indicators = {
    "CCI": lambda rows: commodity_channel_index(close[:rows], high[:rows], low[:rows], 14),
    "volume-adjusted mean": lambda rows: volume_adjusted_moving_average(close[:rows], volume[:rows], 14),
    "RSI": lambda rows: relative_strength_index(close[:rows], 14),
}
changed = {}
for name, told in indicators.items():
    before, after = numpy.asarray(told(200)), numpy.asarray(told(300))[:200]
    changed[name] = int(numpy.sum(~numpy.isclose(before, after, rtol=1e-9, equal_nan=True)))
    print(f"pyti {version('pyti')}: {name}: {changed[name]} of 200 rows change with 100 rows to come")
still = volume_adjusted_moving_average([100.0] * 60, [1_000.0] * 30 + [2_000.0] * 30, 14)
print(f"price of 100, volume that doubles after 30 rows: mean {still[29]:.1f} and {still[-1]:.1f}")
flat = volume_adjusted_moving_average([100.0] * 60, [1_000.0] * 60, 14)
print(f"the same price with one volume: mean {flat[29]:.1f} and {flat[-1]:.1f}")
wave = [100 + (-1) ** (row // 7) for row in range(100)]
trend = wave + [100.0 + row for row in range(100)]
alone = numpy.nanmax(numpy.abs(commodity_channel_index(wave, wave, wave, 14)))
beside = numpy.nanmax(numpy.abs(commodity_channel_index(trend, trend, trend, 14)[:100]))
print(f"greatest CCI of a wave: {alone:.0f}; of the same rows before a trend: {beside:.1f}")
assert changed == {"CCI": 187, "volume-adjusted mean": 187, "RSI": 0}, "indicators rest on other rows now"
assert (round(still[29], 1), round(still[-1], 1)) == (99.5, 199.0)
assert (round(flat[29], 1), round(flat[-1], 1)) == (149.3, 149.3)
assert beside < alone / 10
PYTHON
