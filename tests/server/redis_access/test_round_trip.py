"""Round trips on a real Redis: replies in order, errors in their place, and a cancellation that never gets lost."""

from __future__ import annotations

import asyncio
import gc
import select
import weakref
from typing import Any

import pytest
import redis
import redis.asyncio
from patient_redis import PATIENCE_S
from redis.exceptions import NoPermissionError, ResponseError

from strategic_memory_server.faults.given_twice import GIVEN_AGAIN
from strategic_memory_server.redis_access.lean_pool import LeanPool
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip, stream_entries

LONGEST_STEPS = 60
"""More turns of the event loop than a round trip on loopback takes."""


async def test_replies_come_in_the_order_of_the_commands(async_client: redis.asyncio.Redis) -> None:
    replies = await round_trip(async_client, [packed("SET", "k", 1), packed("HGET", "k", "f"), packed("GET", "k")])
    assert (replies[0], replies[2]) == (b"OK", b"1")
    assert isinstance(replies[1], ResponseError)


async def test_what_was_read_goes_with_the_last_who_holds_it_though_there_was_an_error(
    async_client: redis.asyncio.Redis,
) -> None:
    """It may be megabytes, of which the collector of garbage knows nothing."""
    gc.disable()
    try:
        replies = await round_trip(async_client, [packed("SET", "k", 1), packed("HGET", "k", "f")])
        error = weakref.ref(replies[1])
        del replies
        assert error() is None
    finally:
        gc.enable()


async def test_something_else_is_done_while_redis_works(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    def push() -> None:
        redis_client.rpush("k", "v")

    assert await round_trip(async_client, [packed("BLPOP", "k", 20)], meanwhile=push) == [[b"k", b"v"]]


async def steps(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", range(LONGEST_STEPS))
async def test_a_cancellation_is_never_lost(turns: int, async_client: redis.asyncio.Redis) -> None:
    """Whichever turn of the event loop it comes in: there is one in which the Redis client swallows it."""
    await async_client.ping()
    task = asyncio.create_task(round_trip(async_client, [packed("PING")]))
    await steps(turns)
    was_running = task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() == was_running
    # The connection is still good, or another one is made.
    assert await round_trip(async_client, [packed("ECHO", turns)]) == [str(turns).encode()]


async def test_a_task_that_was_cancelled_before_can_still_tidy_up(async_client: redis.asyncio.Redis) -> None:
    tidied: list[Any] = []

    async def work() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            tidied.extend(await round_trip(async_client, [packed("PING")]))

    task = asyncio.create_task(work())
    await steps(1)
    task.cancel()
    await asyncio.wait([task])
    assert tidied == [b"PONG"]
    assert task.cancelled()


async def test_a_timeout_that_its_caller_has_set_stays_one(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    redis_client.rpush("l", "x")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await round_trip(async_client, [packed("BLPOP", "empty", 60)])
    assert await round_trip(async_client, [packed("LLEN", "l")]) == [1]


async def test_what_came_while_the_process_stood_still_is_taken_though_the_time_for_it_is_over(
    async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await async_client.ping()
    loop, ahead_s = asyncio.get_running_loop(), 0.0
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + ahead_s)

    pool = async_client.connection_pool
    assert isinstance(pool, LeanPool)

    def stands_still() -> None:
        nonlocal ahead_s
        (connection,) = pool._lent
        assert connection._writer is not None
        assert select.select([connection._writer.get_extra_info("socket")], [], [], PATIENCE_S)[0]
        ahead_s += 2 * PATIENCE_S

    for _ in range(2):
        assert await round_trip(async_client, [packed("PING")], meanwhile=stands_still) == [b"PONG"]


@pytest.mark.parametrize(
    "said", ["this user has no permissions to access one of the keys", "No permissions to access a key"]
)
def test_a_key_that_may_not_be_read_is_named(said: str) -> None:
    with pytest.raises(NoPermissionError, match=r"access .* \(quantum:x\)$"):
        checked(NoPermissionError(said), "quantum:x", "hash")


def test_entries_of_a_stream_have_their_fields_by_name() -> None:
    assert stream_entries([[b"1-0", [b"a", b"1", b"b", b"2"]], [b"2-0", None]]) == [(b"1-0", {b"a": b"1", b"b": b"2"})]


def test_a_field_that_an_entry_gives_twice_keeps_both_values() -> None:
    given = [[b"1-0", [b"a", b"1", b"b", b"2", b"a", b"3", b"b", b"2"]], [b"2-0", [b"a", b"1"]]]
    assert stream_entries(given) == [
        (b"1-0", {b"a": GIVEN_AGAIN.join((b"1", b"3")), b"b": b"2"}),
        (b"2-0", {b"a": b"1"}),
    ]
