#!/usr/bin/env bash
# python-binance 1.0.37: a history from "2024" begins on today's day of 2024, and 05/01/2024 is in May where 13/01/2024 is in January.
#
# Guessed: what `date_to_milliseconds` makes of "2024" or "2024-02" is the beginning of it; a day and a month are in one order, or refused.
# Seen: what a text leaves out is taken from the day on which the program runs: "2024" on a 30th of November is the 30th of November
# 2024, and "2024-02" the 29th of February; tomorrow they are others. A number above 12 turns the order of that text alone. Of the intervals,
# "1M" has no length (None). `get_historical_klines` and its like take their beginning and end from there.
# What follows: a record that should begin with the year begins later each day, and looks complete; give "2024-01-01", or milliseconds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-binance==1.0.37 dateparser==1.5.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import calendar
from datetime import datetime, timezone
from importlib.metadata import version

from binance.helpers import date_to_milliseconds, interval_to_milliseconds

texts = ("2024", "2024-02", "Feb 2024", "05/01/2024", "13/01/2024", "2024-01-05")
before = datetime.now(timezone.utc)
read = {text: datetime.fromtimestamp(date_to_milliseconds(text) / 1000, timezone.utc) for text in texts}
for text, time in read.items():
    print(f"python-binance {version('python-binance')}: {text!r} is {time:%Y-%m-%d %H:%M}")
print(f"interval_to_milliseconds('1M') is {interval_to_milliseconds('1M')}, of '1w' {interval_to_milliseconds('1w')}")
today = datetime.now(timezone.utc)
assert before.day == today.day, "run across midnight: run it again"
day_in_february = min(today.day, 29)
assert (read["2024"].month, read["2024"].day) == (today.month, min(today.day, calendar.monthrange(2024, today.month)[1]))
assert (read["2024-02"].month, read["2024-02"].day) == (2, day_in_february) == (read["Feb 2024"].month, read["Feb 2024"].day)
assert (read["05/01/2024"].month, read["05/01/2024"].day) == (5, 1) and (read["13/01/2024"].month, read["13/01/2024"].day) == (1, 13)
assert (read["2024-01-05"].month, read["2024-01-05"].day) == (1, 5) and interval_to_milliseconds("1M") is None
PYTHON
