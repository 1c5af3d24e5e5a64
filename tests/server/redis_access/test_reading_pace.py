"""ReadingPace: less is asked for where an answer is late, more again once answers are quick."""

from __future__ import annotations

import contextlib

import pytest
import redis
import redis.asyncio
from faults.link_conditions import Direction
from faults.tcp_proxy import TcpProxy
from redis.exceptions import TimeoutError as RedisTimeoutError

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.reading_pace import TRIES_WHILE_ALIVE, ReadingPace
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.redis_access.round_trip import packed, round_trip

FULL = 1_000


async def test_pages_shrink_until_they_arrive_and_grow_again(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    redis_client.rpush("list", *["x" * 20] * FULL)
    pace = ReadingPace()

    def ask() -> list[bytes]:
        return [packed("LRANGE", "list", 0, pace.entries(FULL) - 1)]

    with TcpProxy(f"127.0.0.1:{redis_server.port}") as link:
        settings = RedisSettings(url=f"redis://{link.address}/0", command_timeout_s=0.2)
        async with connect(settings) as client:
            await client.ping()
            link.throttle(20_000, direction=Direction.TO_CLIENT)
            with pytest.raises(RedisTimeoutError):
                await pace.read(client, ask)
            assert pace.entries(FULL) == FULL // 2
            page: list[bytes] = []
            while not page:
                with contextlib.suppress(RedisTimeoutError):
                    (page,) = await pace.read(client, ask, is_alive=True)
            assert 1 <= len(page) < FULL // 2
            link.heal()
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
        async with connect(RedisSettings(url=f"redis://{link.address}/0", command_timeout_s=0.05)) as client:
            await client.ping()
            link.cut(Direction.TO_CLIENT)
            with pytest.raises(redis.RedisError):
                await pace.read(client, ask, is_alive=True)
    assert len(asked) <= TRIES_WHILE_ALIVE
    assert pace.entries(1) == 1


async def test_the_time_is_for_each_reply_of_a_round_trip(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    """Six values of 8 kB take longer than a second over this link, and none of them alone."""
    redis_client.set("value", "x" * 8_000)
    with TcpProxy(f"127.0.0.1:{redis_server.port}") as link:
        async with connect(RedisSettings(url=f"redis://{link.address}/0", command_timeout_s=1.0)) as client:
            await client.ping()
            link.throttle(40_000, direction=Direction.TO_CLIENT)
            replies = await round_trip(client, [packed("GET", "value")] * 6)
            assert [len(reply) for reply in replies] == [8_000] * 6
            redis_client.set("value", "x" * 60_000)
            with pytest.raises(RedisTimeoutError):
                await round_trip(client, [packed("PING"), packed("GET", "value")])
            _, large = await round_trip(client, [packed("PING"), packed("GET", "value")], patience=16.0)
            assert len(large) == 60_000
