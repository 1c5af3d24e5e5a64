#!/usr/bin/env bash
# freqtrade 2026.9: the same profit of each day has a Sharpe of 6.3 in one trade and of 25.2 in four; losses of 20 each have a Sortino of -100.
#
# Guessed: Sharpe and Sortino, a year's, are of daily results, so it does not matter into how many trades a day's result is cut; losses that
# are all alike are risk as well, and those that are half as large less of it.
# Seen: the profit of a day is divided by the deviation of a trade (its issue 2727 says so of the Sharpe), so n like trades a day multiply it by n,
# where the balance of the same account gives one figure; the SQN doubles by four parts. The risk in the Sortino is how much losses differ from one
# another, not how large they are: losses of 20 each have -100, its mark for "not optimal", of 20 and 20.01 it is 19,095, of 20 and 10 it is 29.
# What follows: its reports, and SharpeHyperOptLoss and SortinoHyperOptLoss, choose by how often is traded and whether a stop loses alike.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
# The module of its figures alone; the bot needs more.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps freqtrade==2026.9
"$folder/venv/bin/python" -W ignore - "$folder"/venv/lib/python3*/site-packages/freqtrade/data/metrics.py <<'PYTHON'
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from math import sqrt

import numpy
import pandas

spec = spec_from_file_location("metrics", sys.argv[1])
sys.modules["metrics"] = metrics = module_from_spec(spec)
spec.loader.exec_module(metrics)
name = f"freqtrade {version('freqtrade')}"
start, money = datetime(2024, 1, 1, tzinfo=timezone.utc), 1_000_000.0
end = start + timedelta(days=100)


def trades(profits, parts=1):
    rows = [(start + timedelta(days=day, hours=12), profit / parts) for day, profit in enumerate(profits) for _ in range(parts)]
    return pandas.DataFrame(rows, columns=["close_date", "profit_abs"])


daily = numpy.array([30.0, -20.0] * 25 + [30.0, -10.0] * 25)
by_hand = round(daily.mean() / daily.std() * sqrt(365), 1)
# The same account as a balance at the end of each day.
days = [start + timedelta(days=day) for day in range(-1, 100)]
balance = pandas.DataFrame({"date": days, "total_quote": money + numpy.r_[0.0, daily.cumsum()]})
of_balance = round(metrics.calculate_sharpe_from_balance(balance), 1)
cut = {}
for parts in (1, 4):
    rows = trades(daily, parts)
    cut[parts] = (round(metrics.calculate_sharpe(rows, start, end, money), 1), round(metrics.calculate_sqn(rows, money), 1))
    print(f"{name}: {parts} trades a day: Sharpe {cut[parts][0]}, SQN {cut[parts][1]}; of the balance: {of_balance}; by hand: {by_hand}")
sortinos = {}
for losses in ((-20.0, -20.0), (-20.0, -20.01), (-20.0, -10.0)):
    profits = [30.0, losses[0], 30.0, losses[1]] * 25
    true = numpy.mean(profits) / sqrt(numpy.mean(numpy.minimum(profits, 0) ** 2)) * sqrt(365)
    sortinos[losses] = (round(metrics.calculate_sortino(trades(profits), start, end, money)), round(true))
    print(f"{name}: gains of 30, losses of {losses}: Sortino {sortinos[losses][0]:,}, by hand {sortinos[losses][1]}")
assert of_balance == by_hand == 6.3
assert cut == {1: (6.3, 3.3), 4: (25.2, 6.6)}, "a day's result counts once now"
assert sortinos == {(-20.0, -20.0): (-100, 7), (-20.0, -20.01): (19_095, 7), (-20.0, -10.0): (29, 13)}, "losses that are alike are risk now"
PYTHON
