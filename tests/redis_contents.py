"""The whole contents of a Redis: to compare, and to put back as a failover does that has lost the newest writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import redis


@dataclass(frozen=True)
class Value:
    """What one key holds; equal to another one that holds the same."""

    held: Any
    dump: bytes = field(compare=False, repr=False)
    """Serialised, to be put back. Fields of one hash come in another order as soon as Redis has spread them anew."""


Contents = dict[bytes, Value]


def contents_of(client: redis.Redis) -> Contents:
    """Every key with its value."""
    keys: Any = client.keys("*")
    return {key: _value_of(client, key) for key in sorted(keys)}


def put_back(client: redis.Redis, contents: Contents) -> None:
    """Make these the whole contents."""
    pipeline = client.pipeline(transaction=True)
    pipeline.flushall()
    for key, value in contents.items():
        pipeline.restore(key, 0, value.dump)
    pipeline.execute()


def _value_of(client: redis.Redis, key: bytes) -> Value:
    dump: Any = client.dump(key)
    match client.type(key):
        case b"hash":
            return Value(client.hgetall(key), dump)
        case b"set":
            return Value(client.smembers(key), dump)
        case _:
            return Value(dump, dump)
