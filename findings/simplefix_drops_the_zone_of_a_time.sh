#!/usr/bin/env bash
# simplefix 1.0.17: a time at 09:30+02:00 is written as 09:30 UTC, by the method for times with a zone as well.
#
# Guessed: `append_utc_timestamp` of an aware datetime writes 07:30, or refuses it; `append_tz_timestamp` writes +02.
# Seen: both take the digits of the clock and leave its zone out: `20240105-09:30:00.000`. The second puts the zone of the
# machine behind them, so the same program writes Z here and -05 in New York; a time that is in UTC gets the -05 too.
# Seconds since 1970 are written as they are.
# What follows: `append_utc_timestamp` of `value.astimezone(timezone.utc)`, or of `value.timestamp()`; a trade that is written
# down otherwise is hours away from where it was, and a regime that is looked up by its time another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check simplefix==1.0.17
cat >"$folder/write.py" <<'PYTHON'
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import simplefix

aware = datetime(2024, 1, 5, 9, 30, tzinfo=timezone(timedelta(hours=2)))
seen = []
for value in (aware, aware.astimezone(timezone.utc), aware.timestamp()):
    message = simplefix.FixMessage()
    message.append_utc_timestamp(60, value)
    message.append_tz_timestamp(1132, value)
    seen.append((message.get(60).decode(), message.get(1132).decode()))
    print(f"simplefix {version('simplefix')}, {sys.argv[1]}: {value}: UTC {seen[-1][0]}, with a zone {seen[-1][1]}")
zone = {"UTC": "Z", "America/New_York": "-05"}[sys.argv[1]]
assert seen[0] == ("20240105-09:30:00.000", f"20240105-09:30:00.000{zone}"), "the zone of a time counts now"
assert seen[1] == ("20240105-07:30:00.000", f"20240105-07:30:00.000{zone}")
assert seen[2][0] == "20240105-07:30:00.000"
PYTHON
for zone in UTC America/New_York; do
    TZ="$zone" "$folder/venv/bin/python" "$folder/write.py" "$zone"
done
