"""Brings back what the drawdown guard goes on from: a memory that moves must not lift what lowers leverage."""

from __future__ import annotations

import enum
from typing import Any

import redis.asyncio as redis
from redis.exceptions import WatchError

from strategic_memory_server.importing.answered import answered, raise_refusal
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip
from strategic_memory_server.revisions.log_keys import LogKeys


class Stands(enum.Enum):
    """What stood where something was to be brought back."""

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
    if dry_run:
        return Stands.NOTHING
    return await answered(key, lambda was_sent: _written(client, key, text, was_sent=was_sent))


async def _written(client: redis.Redis, key: str, text: bytes, *, was_sent: bool) -> Stands | None:
    """Write it unless something has come since it was looked at; None: as for `answered`.

    A service that has begun goes on from nothing, whatever is written here, and its guard is not to be one it had not.
    """
    pipeline: Any = client.pipeline(transaction=True)
    async with pipeline as transaction:
        await transaction.watch(key)
        epoch, there = await transaction.hmget(key, "epoch", "guard")
        if there is not None:
            return Stands.ANOTHER if there != text else Stands.NOTHING if was_sent else Stands.THE_SAME
        if epoch is not None:
            return Stands.SERVICE
        transaction.multi()
        transaction.hset(key, "guard", text)
        try:
            await transaction.execute()
        except WatchError as error:
            raise_refusal(error)
            return None
    return Stands.NOTHING
