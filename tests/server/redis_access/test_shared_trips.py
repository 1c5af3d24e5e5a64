"""Commands of many in one round trip on a real Redis: each has its own answer, and none is sent for who has gone."""

from __future__ import annotations

import asyncio

import pytest
import redis
import redis.asyncio
from patient_redis import patient
from redis.exceptions import RedisError, ResponseError

from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.round_trip import packed
from strategic_memory_server.redis_access.shared_trips import AT_ONCE, SharedTrips


def reads_of(client: redis.Redis) -> int:
    """Return how often the server has read from its clients."""
    return int(client.info("stats")["total_reads_processed"])


async def test_commands_of_one_moment_go_together_and_each_has_its_answer(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    await async_client.ping()
    trips = SharedTrips(async_client)
    before = reads_of(redis_client)
    assert await asyncio.gather(*(trips.ask(packed("INCR", "k")) for _ in range(2 * AT_ONCE))) == [
        *range(1, 2 * AT_ONCE + 1)
    ]
    # Two trips, and INFO itself.
    assert reads_of(redis_client) - before <= 4
    assert await trips.ask(packed("GET", "k")) == str(2 * AT_ONCE).encode()


async def test_an_error_is_that_of_its_own_command_alone(async_client: redis.asyncio.Redis) -> None:
    trips = SharedTrips(async_client)
    asked = (packed("SET", "k", 1), packed("HGET", "k", "f"), packed("GET", "k"))
    first, wrong, last = await asyncio.gather(*map(trips.ask, asked))
    assert (first, last) == (b"OK", b"1")
    assert isinstance(wrong, ResponseError)


async def test_nothing_is_sent_for_who_has_gone(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> None:
    trips = SharedTrips(async_client)
    gone = asyncio.create_task(trips.ask(packed("SET", "gone", 1)))
    stays = asyncio.create_task(trips.ask(packed("SET", "stays", 1)))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == b"OK"
    assert gone.cancelled()
    assert redis_client.keys() == [b"stays"]


async def test_that_redis_is_away_is_told_to_all_on_the_trip_and_to_nobody_after_it(
    async_client: redis.asyncio.Redis,
) -> None:
    async with connect(patient("redis://127.0.0.1:1/0")) as nowhere:
        trips = SharedTrips(nowhere)
        for _ in range(2):
            told = await asyncio.gather(*(trips.ask(packed("PING")) for _ in range(3)))
            assert all(isinstance(each, RedisError | OSError) for each in told)
    assert await SharedTrips(async_client).ask(packed("PING")) == b"PONG"


async def test_commands_of_one_go_together_on_one_trip_with_those_of_others(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    await async_client.ping()
    trips = SharedTrips(async_client)
    before = reads_of(redis_client)
    asked = [[packed("INCR", f"k{number}") for _ in range(number)] for number in range(1, 6)]
    assert await asyncio.gather(*map(trips.ask_all, asked)) == [[*range(1, number + 1)] for number in range(1, 6)]
    assert reads_of(redis_client) - before <= 2
    many = [packed("INCR", "many")] * (2 * AT_ONCE)
    first, (second,) = await asyncio.gather(trips.ask_all(many), trips.ask_all([packed("GET", "k1")]))
    assert (first, second) == ([*range(1, 2 * AT_ONCE + 1)], b"1")
    wrong, right = await trips.ask_all([packed("HGET", "k1", "f"), packed("GET", "k1")])
    assert (isinstance(wrong, ResponseError), right) == (True, b"1")
    async with connect(patient("redis://127.0.0.1:1/0")) as nowhere:
        with pytest.raises((RedisError, OSError)):
            await SharedTrips(nowhere).ask_all(many)


async def test_a_fault_of_the_program_is_told_to_all_on_the_trip_and_cancels_nobody(
    async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = SharedTrips(async_client)

    async def broken() -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(async_client.connection_pool, "get_connection", broken)
        asked = [trips.ask_all([packed("PING")] * AT_ONCE) for _ in range(3)]
        told = await asyncio.gather(*asked, return_exceptions=True)
    assert [str(each) for each in told] == ["broken"] * 3
    assert await trips.ask_all([packed("PING")]) == [b"PONG"]
    assert await trips.ask_all([]) == []
