"""Which process answers at the port of a Redis."""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def process_id_behind(host: str, port: int, password: str | None, *, may_load: bool = False) -> int | None:
    """Ask the Redis there for its process id: None when none answers yet.

    A stranger's Redis may hold the port that ours was refused; only the process id tells them apart. With `may_load`
    one answers too that is still reading its data, which for gigabytes takes long.
    """
    client = redis.Redis(
        host=host,
        port=port,
        password=password,
        # Between two parts of its data it answers, on a slow disk seldom.
        socket_timeout=10.0 if may_load else 1.0,
        socket_connect_timeout=1.0,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        if not may_load:
            client.ping()
        return int(client.info("server")["process_id"])
    except (redis.RedisError, OSError):
        return None
    finally:
        client.close()
