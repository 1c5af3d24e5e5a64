"""Brings back what the drawdown guard goes on from: a memory that moves must not lift what lowers leverage."""

from __future__ import annotations

import enum

import redis.asyncio as redis

from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip
from strategic_memory_server.revisions.log_keys import LogKeys


class Stands(enum.Enum):
    """What stood where a guard was to be brought back."""

    NOTHING = enum.auto()
    THE_SAME = enum.auto()
    ANOTHER = enum.auto()
    SERVICE = enum.auto()
    """A service has said something there, and has no guard or one that has begun afresh."""


async def write_guard(client: redis.Redis, prefix: str, text: bytes, *, dry_run: bool) -> Stands:
    """Write it where no service has been yet, and tell what stood there; anything that does is left.

    Args:
        client: how Redis is reached.
        prefix: what the keys start with.
        text: what it goes on from.
        dry_run: whether to write nothing.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached, or refused.
    """
    key = LogKeys.under(prefix).state
    (reply,) = await round_trip(client, [packed("HMGET", key, "epoch", "guard")])
    epoch, there = checked(reply, key, "hash")
    if there is not None:
        return Stands.THE_SAME if there == text else Stands.ANOTHER
    if epoch is not None:
        return Stands.SERVICE
    if not dry_run:
        # A service may have begun since it was looked at, and goes on from nothing then, whatever is written here.
        writing = packed("HSETNX", key, "guard", text), packed("HGET", key, "epoch")
        *_, written = await round_trip(client, [packed("MULTI"), *writing, packed("EXEC")])
        is_new, epoch = checked(written, key, "hash")
        return Stands.SERVICE if is_new and epoch is not None else Stands.NOTHING if is_new else Stands.ANOTHER
    return Stands.NOTHING
