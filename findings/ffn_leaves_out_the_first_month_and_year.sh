#!/usr/bin/env bash
# ffn 1.4.1: an account that loses 40 % in its first month and 20 % in all has no losing month, only winning years and a monthly Sharpe of 34.
#
# Guessed: the best and the worst month, and the share of winning years, are of the months and years that the account was there.
# Seen: they are of returns between ends of months and of years, and the one before the first is not known, so what came until the first end is in
# none: the worst month is +1.4 %, the only year counted is 2025, 100 % of the years are won, and mean, volatility and Sharpe "monthly" are
# of the rest. The table of returns that the same object has, `return_table`, does have January at -40 % and 2024 at -27 %, and `display` prints all
# beside a drawdown of 40 %. A second row is needed before the first month for it to count.
# What follows: a policy whose bad month was its first looks like one without; put a row of the first value a month earlier.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ffn==1.4.1 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import ffn
import numpy
import pandas

days = pandas.bdate_range("2024-01-02", "2025-06-30")
account = pandas.Series(numpy.r_[numpy.linspace(100, 60, 22), numpy.linspace(60.1, 80, len(days) - 22)], days, name="account")
before = pandas.Series(100.0, [pandas.Timestamp("2023-12-29")], name="account")


def told(values):
    stats = ffn.PerformanceStats(values)
    table = stats.return_table
    return {
        "in all": round(float(stats.total_return), 2),
        "Sharpe by days": round(float(stats.daily_sharpe), 1),
        "by months": round(float(stats.monthly_sharpe), 1),
        "worst month": round(float(stats.worst_month), 3),
        "years won": round(float(stats.win_year_perc), 2),
        "January in its table": round(float(table.loc[2024, "Jan"]), 2),
        "2024 in its table": round(float(table.loc[2024, "YTD"]), 2),
    }


seen = {"from 2 January": told(account), "with a row in December": told(pandas.concat([before, account]))}
for name, figures in seen.items():
    print(f"ffn {version('ffn')}: {name}: " + ", ".join(f"{figure} {value}" for figure, value in figures.items()))
first, second = seen.values()
assert first["in all"] == second["in all"] == -0.2 and first["January in its table"] == second["January in its table"] == -0.4
assert (first["worst month"], first["years won"], first["by months"]) == (0.014, 1.0, 34.0), "the first month counts now"
assert (second["worst month"], second["years won"]) == (-0.4, 0.5) and second["by months"] < 0
PYTHON
