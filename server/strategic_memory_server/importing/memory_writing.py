"""Brings a long memory, and the inputs that are no streams, back to where they lay; changes nothing that is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis.asyncio as redis
from redis.exceptions import WatchError

from strategic_memory_server.columns.stream_position import id_order
from strategic_memory_server.entries.input_keys import key_of
from strategic_memory_server.importing.answered import answered, raise_refusal
from strategic_memory_server.importing.exported import ExportedMemory
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip

AT_ONCE = 5_000


class OtherMemoryError(Exception):
    """Another long memory lies where one is to be brought back. The message says what to do."""


async def write_memory(
    client: redis.Redis, keys: MemoryKeys, memory: ExportedMemory, *, may_be_further: bool, dry_run: bool
) -> bool:
    """Write a long memory where there is none; return whether it was, or would be.

    One that is there already, or has gone on since it was brought back, is left.

    Args:
        client: how Redis is reached.
        keys: where it is to lie.
        memory: what it holds.
        may_be_further: whether one that reaches further may be the same one.
        dry_run: whether to write nothing.

    Raises:
        OtherMemoryError: there is another one.
        redis.exceptions.RedisError, OSError: Redis could not be reached, or refused.
    """
    return await answered(
        keys.evidence,
        lambda was_sent: _written(
            client, keys, memory, may_be_further=may_be_further, dry_run=dry_run, was_sent=was_sent
        ),
    )


async def _written(
    client: redis.Redis,
    keys: MemoryKeys,
    memory: ExportedMemory,
    *,
    may_be_further: bool,
    dry_run: bool,
    was_sent: bool,
) -> bool | None:
    """Write it as `write_memory` does; None: as for `answered`."""
    pipeline: Any = client.pipeline(transaction=True)
    async with pipeline as transaction:
        await transaction.watch(keys.evidence, keys.trade_ids)
        evidence: dict[bytes, bytes] = await transaction.hgetall(keys.evidence)
        counted = await transaction.zcard(keys.trade_ids)
        is_further = _is_further(evidence, memory)
        # What is there at a second look is what was sent before, or what a service has summed itself just then.
        if was_sent and (evidence == memory.evidence or (is_further and await _holds_some(transaction, keys, memory))):
            return True
        if was_sent and memory.trade_ids and evidence:
            raise _other(keys)
        if evidence == memory.evidence or (may_be_further and is_further):
            return False
        if evidence or counted:
            raise _other(keys)
        if dry_run:
            return True
        transaction.multi()
        transaction.hset(keys.evidence, mapping=dict(memory.evidence))
        numbered = [(name, float(number)) for name, number in memory.trade_ids.items()]
        for start in range(0, len(numbered), AT_ONCE):
            transaction.zadd(keys.trade_ids, dict(numbered[start : start + AT_ONCE]))
        try:
            await transaction.execute()
        except WatchError as error:
            raise_refusal(error)
            return None
    return True


async def write_values(
    client: redis.Redis, prefix: str, values: Mapping[str, bytes], *, dry_run: bool
) -> dict[str, bytes | None]:
    """Write inputs that are one value each where there are none; return what was there of each, None for nothing.

    What somebody has set meanwhile is left as well, and is none of these values: empty.
    """
    keys = {source: key_of(prefix, source) for source in values}
    replies = await round_trip(client, [packed("GET", key) for key in keys.values()])
    found = {source: checked(reply, keys[source], "value") for source, reply in zip(keys, replies, strict=True)}
    if not dry_run:
        missing = [source for source in values if found[source] is None]
        replies = await round_trip(client, [packed("SET", keys[name], values[name], "NX") for name in missing])
        for source, reply in zip(missing, replies, strict=True):
            if isinstance(reply, Exception):
                raise reply
            found[source] = None if reply else b""
    return found


async def _holds_some(transaction: Any, keys: MemoryKeys, memory: ExportedMemory) -> bool:  # noqa: ANN401  as redis-py has it
    """Tell whether exported ids are there with their numbers: a memory that was begun anew counts from 1."""
    there: list[tuple[bytes, float]] = await transaction.zrevrange(keys.trade_ids, 0, AT_ONCE - 1, withscores=True)
    return any(float(memory.trade_ids.get(name, b"nan")) == number for name, number in there)


def _is_further(evidence: Mapping[bytes, bytes], memory: ExportedMemory) -> bool:
    there, exported = (held.get(b"read_up_to", b"0-0").decode(errors="replace") for held in (evidence, memory.evidence))
    try:
        return id_order(there) > id_order(exported)
    except ValueError:
        return False


def _other(keys: MemoryKeys) -> OtherMemoryError:
    return OtherMemoryError(
        f"{keys.evidence} holds another long memory: bring the export back under another --key-prefix, or let go of it "
        "with `strategic-memory-server rebuild-memory` first"
    )
