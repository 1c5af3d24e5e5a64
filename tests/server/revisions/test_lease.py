"""Lease on a real Redis: one holder at a time, tokens that only grow, and an end that comes by itself."""

from __future__ import annotations

from typing import Any

import pytest
import redis
import redis.asyncio
from claimed import KEYS, lease_of
from patient_redis import patient
from processes import aeventually

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions.lease import Claim, Lease, Taken

Redis = redis.asyncio.Redis


async def claim_of(lease: Lease, known_token: int = 0) -> Claim:
    claim = await lease.take(known_token)
    assert isinstance(claim, Claim)
    return claim


async def test_a_free_lease_is_taken_and_redis_shows_who_holds_it(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    claim = await claim_of(lease_of(async_client, "a", 60_000))
    assert (claim.fencing_token, claim.holder) == (1, "a")
    assert redis_client.get(KEYS.lease) == b"1 a"
    left: Any = redis_client.pttl(KEYS.lease)
    assert 0 < left <= 60_000
    info: Any = redis_client.info("server")
    assert claim.run_id == info["run_id"]


async def test_a_held_lease_is_renewed_by_its_holder_and_refused_to_others(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    held = await claim_of(lease_of(async_client, "a"))
    refused = await lease_of(async_client, "b").take()
    assert isinstance(refused, Taken)
    assert refused.claim.value == held.value
    assert 0 < refused.left_ms <= 3_600_000
    redis_client.pexpire(KEYS.lease, 60_000)
    assert await lease_of(async_client, "a").take(held=held) == held
    left: Any = redis_client.pttl(KEYS.lease)
    assert left > 60_000


async def test_a_server_that_does_not_know_that_it_leads_lets_its_lease_end(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    held = await claim_of(lease_of(async_client, "a"))
    redis_client.pexpire(KEYS.lease, 60_000)
    assert isinstance(await lease_of(async_client, "a").take(), Taken)
    assert isinstance(await lease_of(async_client, "a").take(held=Claim("7 a")), Taken)
    left: Any = redis_client.pttl(KEYS.lease)
    assert 0 < left <= 60_000
    redis_client.delete(KEYS.lease)
    assert (await lease_of(async_client, "a").take(held=held)) == Claim("2 a", held.run_id)


async def test_a_lease_that_ended_goes_to_another_under_a_higher_token(async_client: Redis) -> None:
    first = await claim_of(lease_of(async_client, "a", 20))
    other = lease_of(async_client, "b", 20)

    async def taken_over() -> Claim | None:
        answer = await other.take()
        return answer if isinstance(answer, Claim) else None

    second = await aeventually(taken_over)
    assert second.fencing_token == first.fencing_token + 1


async def test_a_released_lease_is_free_at_once(async_client: Redis) -> None:
    lease = lease_of(async_client, "a")
    await lease.release(await claim_of(lease))
    assert (await claim_of(lease_of(async_client, "b"))).fencing_token == 2


async def test_nobody_releases_what_another_holds(async_client: Redis, redis_client: redis.Redis) -> None:
    mine = lease_of(async_client, "a")
    old = await claim_of(mine)
    redis_client.delete(KEYS.lease)
    await claim_of(lease_of(async_client, "b"))
    await mine.release(old)
    assert redis_client.get(KEYS.lease) == b"2 b"


@pytest.mark.parametrize("lost", ["counter", "counter and lease", "everything"])
async def test_tokens_grow_whatever_redis_has_lost(async_client: Redis, redis_client: redis.Redis, lost: str) -> None:
    lease = lease_of(async_client, "a")
    before = await claim_of(lease, known_token=41)
    assert before.fencing_token == 42
    redis_client.hset(KEYS.state, "fencing_token", 42)
    match lost:
        case "counter":
            redis_client.delete(KEYS.fencing_token, KEYS.lease)
        case "counter and lease":
            redis_client.set(KEYS.fencing_token, "not a number")
            redis_client.delete(KEYS.lease)
        case _:
            redis_client.flushall()
    known = 42 if lost == "everything" else 0
    assert (await claim_of(lease_of(async_client, "b"), known)).fencing_token == 43


async def test_a_lease_that_was_written_without_an_end_gets_one(async_client: Redis, redis_client: redis.Redis) -> None:
    redis_client.set(KEYS.lease, "by hand")
    refused = await lease_of(async_client, "a", 60_000).take()
    assert isinstance(refused, Taken)
    assert (refused.left_ms, refused.claim.fencing_token) == (60_000, 0)
    left: Any = redis_client.pttl(KEYS.lease)
    assert 0 < left <= 60_000


@pytest.mark.parametrize("written", ["", "9" * 5_000, "9" * 5_000 + " by hand", "\u0663 by hand", " ", b"\xff\x00"])
async def test_what_another_program_has_put_there_is_held_by_nobody_here_and_ends(
    async_client: Redis, redis_client: redis.Redis, written: str | bytes
) -> None:
    redis_client.set(KEYS.lease, written)
    for holder in ("a", "b"):
        refused = await lease_of(async_client, holder, 60_000).take()
        assert isinstance(refused, Taken), "who holds nothing does not hold this"
        assert refused.claim.fencing_token == 0
    redis_client.delete(KEYS.lease)
    assert (await claim_of(lease_of(async_client, "a"))).value == "1 a"


@pytest.mark.parametrize("known_length_ms", [None, 60_000, 10**12, "nan"])
async def test_what_is_left_of_a_lease_is_never_more_than_its_length(
    async_client: Redis, redis_client: redis.Redis, known_length_ms: int | str | None
) -> None:
    """The clock of Redis was set back, or a failover came from a master whose clock was ahead."""
    redis_client.set(KEYS.lease, "7 host-a/1/abcdef", px=3_600_000_000)
    if known_length_ms:
        redis_client.hset(KEYS.state, "lease_ms", known_length_ms)
    asking, length_ms = lease_of(async_client, "b", 30_000), 60_000 if known_length_ms == 60_000 else 30_000
    refused = await asking.take()
    assert isinstance(refused, Taken)
    assert (refused.left_ms, refused.claim.fencing_token) == (length_ms, 7)
    redis_client.pexpire(KEYS.lease, length_ms - 1_000)
    again = await asking.take(7)
    assert isinstance(again, Taken)
    assert again.left_ms <= length_ms - 1_000, "it is shortened once, not prolonged"
    redis_client.pexpire(KEYS.lease, 1)
    assert (await aeventually(lambda: _taken(asking))).fencing_token == 8


async def _taken(lease: Lease) -> Claim | None:
    answer = await lease.take(7)
    return answer if isinstance(answer, Claim) else None


async def test_servers_with_leases_of_different_lengths_do_not_cut_each_other_short(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    redis_client.hset(KEYS.state, "epoch", "e1")
    await claim_of(lease_of(async_client, "a", 60_000))
    await lease_of(async_client, "b", 5_000).take()
    left: Any = redis_client.pttl(KEYS.lease)
    assert left > 5_000


async def test_an_own_claim_that_is_back_does_not_keep_the_server_from_leading(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    """Redis was set back, to a moment of an earlier term of the same server."""
    lease = lease_of(async_client, "a")
    first = await claim_of(lease)
    redis_client.delete(KEYS.lease)
    second = await claim_of(lease)
    redis_client.set(KEYS.lease, first.value, px=60_000)
    assert isinstance(await lease.take(2, second), Taken)
    assert await lease.take(2, second, lost=[first.value]) == Claim("3 a", first.run_id)


@pytest.mark.parametrize("key", [KEYS.lease, KEYS.fencing_token, KEYS.state])
async def test_a_key_of_another_type_is_named(async_client: Redis, redis_client: redis.Redis, key: str) -> None:
    redis_client.rpush(key, "text")
    with pytest.raises(redis.exceptions.ResponseError, match=f"{key} holds a list.*rename or delete it"):
        await lease_of(async_client).take()


async def test_a_user_who_may_not_ask_for_the_run_id_holds_the_lease_all_the_same(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    redis_client.acl_setuser("plain", enabled=True, nopass=True, commands=["+@all", "-info"], keys=["*"], reset=True)
    url = redis_server.url.replace("redis://", "redis://plain:any@")
    async with connect(patient(url)) as plain:
        assert (await claim_of(lease_of(plain))).run_id == ""
    redis_client.acl_deluser("plain")
