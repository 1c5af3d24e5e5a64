"""What an operator has said stands still on its way to Redis, and arrives when they have long looked what holds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest
import redis
import redis.asyncio
from advice import NOW_MS
from redis.exceptions import TimeoutError as RedisTimeoutError

from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.memory.override import Override
from strategic_memory_server.redis_access.redis_clock import unix_time_ms
from strategic_memory_server.redis_access.redis_script import Argument, RedisScript
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.said_log import AuditEntry, ConflictError, SaidLog

KEYS = LogKeys.under("quantum")
BY = AuditEntry("desk", "SetOverride", "why")
LOWER = Override(None, 0.5, False, "why", "desk", NOW_MS, NOW_MS + 60_000)


class Call:
    """What is sent to Redis of one call, to be sent once more, which is how it arrives late."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sent: list[tuple[RedisScript, Mapping[str, str], dict[str, Argument]]] = []
        really = RedisScript.__call__

        async def call(script: RedisScript, keys: Mapping[str, str], args: dict[str, Argument]) -> object:
            self._sent.append((script, keys, args))
            return await really(script, keys, args)

        monkeypatch.setattr(RedisScript, "__call__", call)

    async def arrives(self, late_ms: int) -> object:
        """Let the last of it arrive so many milliseconds after it was sent."""
        script, keys, args = self._sent[-1]
        return await script(keys, {**args, "asked_ms": int(args["asked_ms"]) - late_ms})


@pytest.mark.parametrize(("late_ms", "is_written"), [(0, True), (10_000, True), (31_000, False), (3_600_000, False)])
async def test_what_arrives_when_it_has_long_been_looked_for_changes_nothing(
    late_ms: int,
    is_written: bool,
    async_client: redis.asyncio.Redis,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call, log = Call(monkeypatch), SaidLog(async_client, "quantum")
    await log.write(Intervention(1, LOWER), BY)
    await log.write(Intervention(2), BY)
    # As if this one had not come yet.
    redis_client.delete(KEYS.interventions)
    redis_client.xadd(KEYS.interventions, {"intervention": "{}"}, id="1-0")
    await call.arrives(late_ms)
    assert (redis_client.xlen(KEYS.interventions) == 2) is is_written


@pytest.mark.parametrize("ahead_ms", [-3_600_000, 0, 3_600_000])
async def test_whoever_waits_for_the_answer_is_heard_by_whatever_clock(
    ahead_ms: int, async_client: redis.asyncio.Redis
) -> None:
    log = SaidLog(async_client, "quantum", lambda: unix_time_ms() + ahead_ms)
    await log.write(Intervention(1, LOWER), BY)
    assert await log.newest() == Intervention(1, LOWER)
    with pytest.raises(ConflictError):
        await log.write(Intervention(1), BY)


async def test_of_two_that_say_it_at_once_by_clocks_that_are_off_one_is_heard(
    async_client: redis.asyncio.Redis,
) -> None:
    logs = [SaidLog(async_client, "quantum", lambda: NOW_MS) for _ in range(8)]
    told = await asyncio.gather(*(log.write(Intervention(1, LOWER), BY) for log in logs), return_exceptions=True)
    assert [type(each) for each in told if each is not None] == [ConflictError] * 7


async def test_what_a_server_sends_once_it_has_stood_still_is_not_written(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """Between the call and its request: the operator has long looked what holds."""
    log = SaidLog(async_client, "quantum")
    with pytest.raises(RedisTimeoutError, match="too late, and was not written"):
        await log.write(Intervention(1, LOWER), replace(BY, at_ms=unix_time_ms() - 31_000))
    assert not redis_client.exists(KEYS.interventions)
    await log.write(Intervention(1, LOWER), replace(BY, at_ms=unix_time_ms() - 10_000))
    assert redis_client.xlen(KEYS.interventions) == 1
