#!/usr/bin/env bash
# smartmoneyconcepts 0.0.27: with candles at UTC+3 the session of London is found six hours early, and at midnight yesterday is the day before it.
#
# Guessed: `time_zone="UTC+3"` says that the clock of the candles is three hours ahead of UTC, so each candle is in the session in which it is
# when its time is given in UTC; `previous_high_low` by day is yesterday's, from 00:00 on.
# Seen: "UTC+3" and "GMT+3" become the zone Etc/GMT+3, whose sign is the other way round: three hours behind. London, 07:00 to 16:00 UTC, is
# found from 04:00 to 13:00 of a clock where it is 10:00 to 19:00, and with "UTC-5" from 12:00 where it is 02:00. A day's first candle gets the
# high and low of the day before yesterday, and has "broken" a high that it is below.
# What follows: what a strategy earns in a session or at its opening is told of other hours; give UTC, and shift days by oneself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: numpy==2.4.6 pandas==2.3.3
# Its numba is used by neither function.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps smartmoneyconcepts==0.0.27
SMC_CREDIT=0 "$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import pandas
from smartmoneyconcepts import smc

name = f"smartmoneyconcepts {version('smartmoneyconcepts')}"


def candles(times, highs):
    high = pandas.Series(highs, times, dtype="float64")
    return pandas.DataFrame({"open": high - 1, "high": high, "low": high - 2, "close": high - 1, "volume": 1.0})


def hours(clock, told, **zone):
    active = smc.sessions(candles(told, 100.0), "London", **zone)["Active"]
    found = [time.hour for time, inside in zip(clock, active) if inside]
    return found[0], found[-1]


day = pandas.date_range("2024-01-09", periods=24, freq="h")
seen = {}
for zone, ahead in (("UTC+3", 3), ("GMT+3", 3), ("UTC-5", -5)):
    # The same candles once by the clock of their market, and once with their times in UTC.
    seen[zone] = hours(day, day, time_zone=zone), hours(day, day - pandas.Timedelta(hours=ahead))
    (first, last), (true_first, true_last) = seen[zone]
    print(f"{name}: London on a clock at {zone}: {first}:00 to {last}:00; with its times in UTC: {true_first}:00 to {true_last}:00")
# Highs of 100 on the first day, 110 on the second, 105 on the third.
times = pandas.date_range("2024-01-08", periods=72, freq="h")
highs = [100.0] * 24 + [110.0] * 24 + [105.0] * 24
told = smc.previous_high_low(candles(times, highs), "1D")
rows = {f"{times[row]:%a %H:%M}": (float(told["PreviousHigh"][row]), int(told["BrokenHigh"][row])) for row in (48, 49)}
print(f"{name}: previous high, and whether a high of 105 broke it, after a day at 110: {rows}")
assert seen["UTC+3"] == seen["GMT+3"] == ((4, 13), (10, 19)), "the sign of a zone is that of its name now"
assert seen["UTC-5"] == ((12, 21), (2, 11))
assert rows == {"Wed 00:00": (100.0, 1), "Wed 01:00": (110.0, 0)}, "midnight belongs to its day now"
PYTHON
