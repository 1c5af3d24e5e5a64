"""ReadingPace: less is asked for where an answer is late, more again once answers are quick."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest
import redis
import redis.asyncio
from faults.link_conditions import Direction
from faults.tcp_proxy import TcpProxy
from patient_redis import PATIENCE_S, patient
from redis.exceptions import TimeoutError as RedisTimeoutError
from set_clocks import SecondsClock

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.primary_connection import PrimaryConnection
from strategic_memory_server.redis_access.reading_pace import TRIES_WHILE_ALIVE, ReadingPace
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.round_trip import packed, round_trip
from strategic_memory_server.waiting.last_look import LAST_LOOK_S

FULL = 1_000


async def test_pages_shrink_until_they_arrive_and_grow_again(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    redis_client.rpush("list", *["x" * 20] * FULL)
    # By this clock every answer that comes in time is a quick one.
    pace = ReadingPace(SecondsClock())

    def ask() -> list[bytes]:
        return [packed("LRANGE", "list", 0, pace.entries(FULL) - 1)]

    with TcpProxy(f"127.0.0.1:{redis_server.port}") as link:
        link.throttle(20_000, direction=Direction.TO_CLIENT)
        async with connect(replace(patient(f"redis://{link.address}/0"), command_timeout_s=0.2)) as client:
            with pytest.raises(RedisTimeoutError):
                await pace.read(client, ask)
            assert pace.entries(FULL) == FULL // 2
            page: list[bytes] = []
            while not page:
                with contextlib.suppress(RedisTimeoutError):
                    (page,) = await pace.read(client, ask, is_alive=True)
            assert 1 <= len(page) < FULL // 2
    # The link is well again, and a machine that has much else to do is no slow link.
    async with connect(patient(redis_server.url)) as client:
        for _ in range(20):
            # What is small anyway says nothing about pages.
            now = pace.entries(FULL)
            await pace.read(client, lambda: [packed("PING")])
            assert pace.entries(FULL) == now
            (page,) = await pace.read(client, ask)
        assert len(page) == FULL


async def test_a_redis_that_does_not_answer_is_not_asked_for_ever(redis_server: EmbeddedRedis) -> None:
    pace = ReadingPace()
    asked = []

    def ask() -> list[bytes]:
        asked.append(pace.entries(FULL))
        return [packed("PING")]

    with TcpProxy(f"127.0.0.1:{redis_server.port}") as link:
        link.cut(Direction.TO_CLIENT)
        async with connect(replace(patient(f"redis://{link.address}/0"), command_timeout_s=0.05)) as client:
            with pytest.raises(redis.RedisError):
                await pace.read(client, ask, is_alive=True)
    assert len(asked) <= TRIES_WHILE_ALIVE
    assert pace.entries(1) == 1


async def test_the_time_is_for_each_reply_of_a_round_trip(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six values take longer than there is time for one, and none of them alone, by a clock that this moves on."""
    redis_client.set("value", "x" * 8_000)
    await async_client.ping()
    loop, ahead_s, takes_s = asyncio.get_running_loop(), 0.0, [PATIENCE_S * 2 / 3] * 6
    time, read = loop.time, PrimaryConnection.read_response

    async def late(self: PrimaryConnection, *arguments: object, **options: object) -> object:
        nonlocal ahead_s
        ahead_s += takes_s.pop(0)
        # The first turn of the event loop finds out that a time is up, and the second one ends who has waited.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        # It looks for what came while the process stood still before: nothing has.
        ahead_s += LAST_LOOK_S
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return await read(self, *arguments, **options)

    monkeypatch.setattr(loop, "time", lambda: time() + ahead_s)
    monkeypatch.setattr(PrimaryConnection, "read_response", late)
    replies = await round_trip(async_client, [packed("GET", "value")] * 6)
    assert [len(reply) for reply in replies] == [8_000] * 6
    takes_s += [0.0, PATIENCE_S * 4 / 3]
    with pytest.raises(RedisTimeoutError):
        await round_trip(async_client, [packed("PING"), packed("GET", "value")])
    takes_s += [0.0, PATIENCE_S * 12]
    _, large = await round_trip(async_client, [packed("PING"), packed("GET", "value")], patience=16.0)
    assert len(large) == 8_000
