"""Leases of many portfolios, asked for together: each is held, lost and given back as if it were alone."""

from __future__ import annotations

import asyncio
from typing import Any

import redis
import redis.asyncio
from claimed import KEYS, LEASE_MS, lease_of
from patient_redis import patient

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.shared_trips import AT_ONCE, SharedTrips
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.leadership import Leadership
from strategic_memory_server.revisions.settings_agreement import SettingsAgreement

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
    redis_client.pexpire("quantum:7:feedback:strategic_memory:lease", LEASE_MS // 2)
    assert await ask_all(first) == taken
    assert await ask_all(second) == [None] * MANY
    assert {each.leader for each in second} == {"a"}
    left_ms = [redis_client.pttl(f"quantum:{each}:feedback:strategic_memory:lease") for each in range(MANY)]
    assert min(left_ms) > LEASE_MS // 2


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


async def test_a_renewal_is_one_script_that_compares_the_settings_too(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    trips, problems = SharedTrips(async_client), Problems()
    agreement = SettingsAgreement(
        async_client, "quantum", "a", {"STRATEGIC_MEMORY_MIN_SAMPLES": 3}, LEASE_MS, problems, trips=trips
    )
    leadership = Leadership(lease_of(async_client, "a", trips=trips), agreement=agreement)
    await leadership.ask()
    claim = leadership.claim
    assert claim
    await FeedbackLog(async_client, "quantum", 10).open(claim, "e1")
    await leadership.ask()
    assert redis_client.hget(KEYS.state, "settings") == agreement.text.encode()
    redis_client.set(KEYS.other_settings, 'b {"STRATEGIC_MEMORY_MIN_SAMPLES": 5}')
    redis_client.config_resetstat()
    await leadership.ask()
    called: dict[str, Any] = redis_client.info("commandstats")
    # Redis may have the script as a function, from another test.
    ways = [called[f"cmdstat_{way}"]["calls"] for way in ("evalsha", "fcall") if f"cmdstat_{way}" in called]
    assert ways == [1]
    assert "b has other settings" in problems.standing["settings_differ"]
    redis_client.delete(KEYS.other_settings)
    await leadership.ask()
    assert not problems.standing


async def test_a_long_lease_is_renewed_more_rarely_and_tried_again_in_time(async_client: Redis) -> None:
    for length_ms, renewed_in_s in ((5_000, 1.0), (29_000, 5.8), (30_000, 10.0), (60_000, 20.0)):
        prefix = f"quantum:{length_ms}"
        leading = Leadership(lease_of(async_client, "a", length_ms, prefix=prefix))
        assert await leading.ask() == renewed_in_s
        async with connect(patient("redis://127.0.0.1:1/0")) as nowhere:
            tried_again_s = await Leadership(lease_of(nowhere, "a", length_ms, prefix=prefix)).ask()
        assert renewed_in_s + tried_again_s < length_ms / 1_000
