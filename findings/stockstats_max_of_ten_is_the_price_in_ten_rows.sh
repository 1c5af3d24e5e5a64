#!/usr/bin/env bash
# stockstats 0.6.10: `close_10_sma` is the mean of the last ten rows, and `close_10_max` the price ten rows later.
#
# Guessed: where a column is named after another one, a number and what is made of it, the number is a window that ends at the row.
# Seen: it is for `sma`, `ema`, `mad`, `roc`, `kama`, `z` and `c`. For `max` and `min` it is a place: 10 is the row ten later, -10 the one ten
# before, and only a range (`close_-9~0_max`) is a highest price; for `d`, `r` and `s` as well, so `close_1_r` is the return from the
# next row to this one, with its sign turned. At the end of the table the last price stands in for what is not known yet, and nothing is
# empty that could tell.
# What follows: a feature or a regime that is taken from `close_10_max` knows the price that a trade is judged by; write ranges.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check stockstats==0.6.10 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy
import pandas
from stockstats import wrap

close = pandas.Series(100 * numpy.exp(numpy.cumsum(numpy.random.default_rng(3).normal(0, 0.01, 300))))
prices = pandas.DataFrame(
    {"date": pandas.date_range("2024-01-01", periods=300)} | {name: close for name in ("open", "high", "low", "close")} | {"volume": 1.0}
)


def column(name, rows=300):
    return wrap(prices.iloc[:rows].copy())[name].reset_index(drop=True)


ahead = {}
for name in ("sma", "ema", "mad", "roc", "kama", "z", "c", "max", "min", "d", "r", "s"):
    whole, first = column(f"close_10_{name}")[:200], column(f"close_10_{name}", 200)
    ahead[name] = int((~numpy.isclose(whole, first, equal_nan=True)).sum())
print(f"stockstats {version('stockstats')}: rows that change when later prices are known, close_10_...: {ahead}")
highest, return_of_1 = column("close_10_max"), column("close_1_r")
print(f"close_10_max is the price ten rows later: {numpy.allclose(highest[:290], close[10:])}; empty rows: {int(highest.isna().sum())}")
earned = close.shift(-1) / close - 1
print(f"close_1_r and the next row's return correlate by {numpy.corrcoef(return_of_1[:299], earned[:299])[0, 1]:.3f}")
assert {name for name, rows in ahead.items() if rows} == {"max", "min", "d", "r", "s"}
assert all(ahead[name] == 10 for name in ("max", "min", "d", "r", "s"))
assert numpy.allclose(highest[:290], close[10:]) and numpy.allclose(highest[290:], close.iloc[-1])
assert numpy.allclose(column("close_-9~0_max")[9:], close.rolling(10).max()[9:])
assert numpy.corrcoef(return_of_1[:299], earned[:299])[0, 1] < -0.99
PYTHON
