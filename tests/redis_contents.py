"""The whole contents of a Redis: to compare, and to put back as a failover does that has lost the newest writes."""

from __future__ import annotations

from typing import Any

import redis

Contents = dict[bytes, bytes]


def contents_of(client: redis.Redis) -> Contents:
    """Every key with its serialised value."""
    keys: Any = client.keys("*")
    dumped: dict[bytes, Any] = {key: client.dump(key) for key in sorted(keys)}
    return dumped


def put_back(client: redis.Redis, contents: Contents) -> None:
    """Make these the whole contents."""
    pipeline = client.pipeline(transaction=True)
    pipeline.flushall()
    for key, value in contents.items():
        pipeline.restore(key, 0, value)
    pipeline.execute()
