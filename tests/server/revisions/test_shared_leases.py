"""Leases of many portfolios, asked for together: each is held, lost and given back as if it were alone."""

from __future__ import annotations

import asyncio

import redis
import redis.asyncio
from claimed import lease_of

from strategic_memory_server.redis_access.shared_trips import AT_ONCE, SharedTrips
from strategic_memory_server.revisions.leadership import Leadership

Redis = redis.asyncio.Redis

MANY = 2 * AT_ONCE


def leaderships(client: Redis, holder: str = "a") -> list[Leadership]:
    trips = SharedTrips(client)
    return [Leadership(lease_of(client, holder, prefix=f"quantum:{each}", trips=trips)) for each in range(MANY)]


async def ask_all(asking: list[Leadership]) -> list[str | None]:
    await asyncio.gather(*(each.ask() for each in asking))
    return [each.claim.value if each.claim else None for each in asking]


async def test_they_are_taken_renewed_and_kept_from_another(async_client: Redis, redis_client: redis.Redis) -> None:
    first, second = leaderships(async_client, "a"), leaderships(async_client, "b")
    taken = await ask_all(first)
    assert taken == ["1 a"] * MANY
    redis_client.pexpire("quantum:7:feedback:strategic_memory:lease", 100)
    assert await ask_all(first) == taken
    assert await ask_all(second) == [None] * MANY
    assert {each.leader for each in second} == {"a"}
    left_ms = [redis_client.pttl(f"quantum:{each}:feedback:strategic_memory:lease") for each in range(MANY)]
    assert min(left_ms) > 1_000


async def test_one_that_cannot_be_taken_keeps_no_other_from_leading(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    redis_client.lpush("quantum:5:feedback:strategic_memory:lease", "another type")
    asking = leaderships(async_client)
    assert [at for at, claim in enumerate(await ask_all(asking)) if claim is None] == [5]
    assert "quantum:5:feedback:strategic_memory:lease" in str(asking[5].failure)
    assert {each.failure for each in asking if each is not asking[5]} == {None}


async def test_one_that_is_given_back_is_not_taken_again_by_what_was_about_to_be_asked(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    asking = leaderships(async_client)
    await ask_all(asking)
    runs = [asyncio.create_task(each.run()) for each in asking]
    await asyncio.sleep(0)
    for run in runs:
        run.cancel()
    await asyncio.gather(*runs, return_exceptions=True)
    await asyncio.gather(*(each.release() for each in asking))
    # This is sent after whatever those have asked for before.
    await SharedTrips(async_client).ask(b"*1\r\n$4\r\nPING\r\n")
    assert redis_client.keys("*:lease") == []
