#!/usr/bin/env bash
# arch 8.0.0: with parameters that are given, the volatility of each of the first 40 days is another one when days 41 to 75 are wilder.
#
# Guessed: `fix(parameters).conditional_volatility` at a row rests on the rows before it: a fit knows the future, given parameters do not.
# Seen: the recursion begins with a weighed mean of the first 75 squares, so the same first day has a volatility of 0.83, or of 1.20 where what
# comes 40 to 75 days later is three times as large; of the difference a half is left on day 11 and 8 % on day 40. What comes after the
# 75th day alters no row by more than 0.00001. `fix` takes no value to begin with; `fit(backcast=)` does.
# What follows: a regime that is told by this volatility is told of what comes while it warms up; drop the first 75 rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check arch==8.0.0 pandas==2.3.3 numpy==2.4.6 scipy==1.17.1 statsmodels==0.14.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy
from arch import arch_model

PARAMETERS = [0.0, 0.02, 0.05, 0.93]  # mean, omega, alpha, beta
calm = numpy.random.default_rng(0).normal(size=300)
row = numpy.arange(300)


def volatility(returns):
    return arch_model(returns).fix(PARAMETERS).conditional_volatility


as_it_is = volatility(calm)
wilder = {
    "41 to 75": volatility(numpy.where((row >= 40) & (row < 75), 3 * calm, calm)),
    "101 to 135": volatility(numpy.where((row >= 100) & (row < 135), 3 * calm, calm)),
}
changed = {days: int((~numpy.isclose(as_it_is, other, rtol=1e-3))[:40].sum()) for days, other in wilder.items()}
first = [round(float(other[0]), 2) for other in (as_it_is, *wilder.values())]
difference = wilder["41 to 75"] - as_it_is
on_day_11, on_day_40 = (round(float(difference[day - 1] / difference[0]), 2) for day in (11, 40))
print(f"arch {version('arch')}: rows of the first 40 that change when these days are three times as wild: {changed}")
print(f"arch {version('arch')}: volatility of the first day {first}; of the difference {on_day_11:.0%} is left on day 11, {on_day_40:.0%} on day 40")
assert changed == {"41 to 75": 40, "101 to 135": 0}, "the first rows know less of what comes now"
assert first == [0.83, 1.2, 0.83] and on_day_11 > 0.45 and on_day_40 > 0.05
PYTHON
