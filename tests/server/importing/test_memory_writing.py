"""What is brought back while no answer comes, or somebody else writes, is told as what it is."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from strategic_memory_server.importing import memory_writing
from strategic_memory_server.importing.exported import ExportedMemory
from strategic_memory_server.importing.memory_writing import OtherMemoryError, write_memory, write_values
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.redis_access.round_trip import round_trip

CAP = '{"max_leverage_hint": 0.75}'


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_memory_that_was_written_without_an_answer_is_taken_for_no_other_one(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch, *, arrives: bool
) -> None:
    """Whoever did what was said then has forgotten the memory that had just been brought back."""
    pipeline: Any = redis.asyncio.client.Pipeline
    execute, lost = pipeline._execute_transaction, [True]

    async def without_an_answer(self: Any, *arguments: Any) -> Any:  # noqa: ANN401  as redis-py has it
        is_lost = bool(lost)
        if arrives or not is_lost:
            await execute(self, *arguments)
        if is_lost:
            lost.clear()
            # As where the answer to EXEC was not read.
            self.watching = True
            raise redis.TimeoutError("no answer")

    monkeypatch.setattr(pipeline, "_execute_transaction", without_an_answer)
    memory, keys = ExportedMemory({b"read_up_to": b"1-0"}, {b"a": b"1"}), MemoryKeys.under("quantum")
    assert await write_memory(async_client, keys, memory, may_be_further=False, dry_run=False)
    assert redis_client.hgetall(keys.evidence) == memory.evidence
    assert redis_client.zscore(keys.trade_ids, "a") == 1.0
    assert not await write_memory(async_client, keys, memory, may_be_further=False, dry_run=False)


@pytest.mark.parametrize("may_be_further", [True, False])
@pytest.mark.parametrize(("arrives", "ids_there"), [(True, {"b": 2}), (False, {"b": 1}), (False, {"a": 7, "b": 8})])
async def test_a_service_that_writes_while_no_answer_comes_is_told_from_what_was_brought_back(
    ids_there: dict[str, float],
    redis_client: redis.Redis,
    async_client: redis.asyncio.Redis,
    monkeypatch: pytest.MonkeyPatch,
    *,
    arrives: bool,
    may_be_further: bool,
) -> None:
    """What it had summed itself was told as brought back, and what was brought back as what is to be let go of."""
    pipeline: Any = redis.asyncio.client.Pipeline
    execute, keys = pipeline._execute_transaction, MemoryKeys.under("quantum")
    memory = ExportedMemory({b"read_up_to": b"1-0", b"sums": b"s"}, {b"a": b"1"})

    async def without_an_answer(self: Any, *arguments: Any) -> Any:  # noqa: ANN401  as redis-py has it
        if arrives:
            await execute(self, *arguments)
        # A service goes on from there, or has begun anew.
        redis_client.hset(keys.evidence, mapping={"read_up_to": "2-0", "sums": "t"})
        redis_client.zadd(keys.trade_ids, ids_there)
        self.watching = True
        raise redis.TimeoutError("no answer")

    monkeypatch.setattr(pipeline, "_execute_transaction", without_an_answer)
    writing = write_memory(async_client, keys, memory, may_be_further=may_be_further, dry_run=False)
    if arrives:
        assert await writing
    else:
        with pytest.raises(OtherMemoryError):
            await writing
    assert redis_client.hget(keys.evidence, "read_up_to") == b"2-0"


async def test_a_value_that_somebody_sets_just_then_is_not_said_to_be_brought_back(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cap was told as written where another one stood."""
    ask, limits, other = round_trip, "risk:leverage_limits", b'{"max_leverage_hint": 1.5}'

    async def asked(client: redis.asyncio.Redis, commands: list[bytes]) -> Any:  # noqa: ANN401  as Redis has it
        replies = await ask(client, commands)
        redis_client.set(f"quantum:{limits}", other)
        return replies

    monkeypatch.setattr(memory_writing, "round_trip", asked)
    values = {limits: CAP.encode(), "governance:policy": b"BALANCED"}
    found = await write_values(async_client, "quantum", values, dry_run=False)
    assert found == {limits: b"", "governance:policy": None}
    assert redis_client.get(f"quantum:{limits}") == other
