#!/usr/bin/env bash
# backtesting 0.6.6: resample_apply("W") of hourly prices knows, on Sunday at 00:00, the close of Sunday at 23:00.
#
# Guessed: a week's or a month's value stands beside the hours that come once it has ended, as a day's does.
# Seen: of closes that rise by 1 an hour, day and night, a day's value is never ahead of its row; in the 24 hours of each Sunday a week's
# is (23 hours at midnight), in those of each Friday with "W-FRI", and in those of a month's last day with "ME". The values are labelled on the
# right, which is the beginning of the next day for "D" and the beginning of the last day for weeks and months.
# What follows: a strategy with a weekly or a monthly regime trades the last day knowing how it ends; take "7D" or shift the values by a day.
# Daily rows show nothing of it, nor does "W" where nobody trades on Sundays.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check backtesting==0.6.6 pandas==3.0.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - 2>/dev/null <<'PYTHON'
from importlib.metadata import version

import numpy
import pandas
from backtesting import Backtest, Strategy
from backtesting.lib import resample_apply

hours = pandas.date_range("2024-01-01", "2024-03-31 23:00", freq="h")
close = pandas.Series(numpy.arange(1.0, len(hours) + 1), hours)
prices = pandas.DataFrame({"Open": close, "High": close, "Low": close, "Close": close, "Volume": 1.0})


def ahead(rule):
    """How many rows know a later close, on which days of the week, and by how many hours at most."""
    values = []

    class Resampled(Strategy):
        def init(self):
            values.extend(numpy.asarray(resample_apply(rule, None, self.data.Close.s)))

        def next(self):
            pass

    Backtest(prices, Resampled, cash=1_000_000).run()
    distance = pandas.Series(values, hours) - close
    knowing = distance[distance > 0]
    return len(knowing), "/".join(sorted(set(knowing.index.day_name()))), int(distance.max())


seen = {rule: ahead(rule) for rule in ("4h", "D", "7D", "W", "W-FRI", "ME")}
for rule, (rows, days, most) in seen.items():
    told = f"{rows} of {len(hours)} rows know a later close, by up to {most} hours, on {days}" if rows else "no row knows a later close"
    print(f"backtesting {version('backtesting')}: {rule}: {told}")
assert [seen[rule][:2] for rule in ("4h", "D", "7D")] == [(0, "")] * 3
assert seen["W"] == (13 * 23, "Sunday", 23) and seen["W-FRI"] == (13 * 23, "Friday", 23), "weeks are labelled at their end now"
assert seen["ME"][0] == 3 * 23 and seen["ME"][2] == 23, "months are labelled at their end now"
PYTHON
