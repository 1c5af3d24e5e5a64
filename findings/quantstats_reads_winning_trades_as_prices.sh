#!/usr/bin/env bash
# quantstats 0.0.86: a series of winning trades is taken for prices, and two of its six wins become losses or nothing.
#
# Guessed: `win_rate` of six gains is 1.0 and there is no loss; `avg_win` is their mean.
# Seen: values that are never negative and pass 1 are taken for prices and differenced first. Gains of 1.5, 2.0, 3.0, 1.2, 2.0
# and 4.0 have a win rate of 0.8, an average loss of 60 % and a deepest drawdown of 60 %. One loss among them, or gains
# below 1, and the same numbers are read as they stand.
# What follows: profit in money, or in percent, is divided by the capital before it comes here; a winning policy's figures
# are otherwise those of a series that nobody has.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check quantstats==0.0.86 pandas==3.0.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import pandas
from quantstats import stats

days = pandas.date_range("2024-01-01", periods=6)
seen = {}
for name, trades in {
    "gains past 1": (1.5, 2.0, 3.0, 1.2, 2.0, 4.0),
    "gains past 1 and a loss": (1.5, 2.0, -3.0, 1.2, 2.0, 4.0),
    "a tenth of the gains": (0.15, 0.2, 0.3, 0.12, 0.2, 0.4),
}.items():
    series = pandas.Series(trades, days)
    figures = (stats.win_rate(series), stats.avg_win(series), stats.avg_loss(series), stats.max_drawdown(series))
    seen[name] = tuple(round(float(figure), 3) for figure in figures)
    print(f"quantstats {version('quantstats')}: {name}: win rate, average win, average loss, drawdown {seen[name]}")
assert seen["gains past 1"] == (0.8, 0.625, -0.6, -0.6)
assert seen["gains past 1 and a loss"][:3] == (0.833, 2.14, -3.0)
assert seen["a tenth of the gains"][0] == 1.0 and seen["a tenth of the gains"][3] == 0.0
PYTHON
