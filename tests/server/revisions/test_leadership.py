"""Leadership: who may write now, as one server sees it. Redis is real, and it is taken away for real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import count, pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import redis.asyncio
import structlog
import structlog.testing
from claimed import KEYS, lease_of
from patient_redis import patient
from processes import aeventually
from redis.exceptions import NoPermissionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis_contents import contents_of, put_back
from set_clocks import SecondsClock

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, Persistence
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions.leadership import RENEWED_LATE, Leadership
from strategic_memory_server.revisions.lease import Claim, Taken

Redis = redis.asyncio.Redis


def token_of(leadership: Leadership) -> int | None:
    return leadership.claim.fencing_token if leadership.claim else None


@asynccontextmanager
async def running(leadership: Leadership) -> AsyncIterator[None]:
    task = asyncio.create_task(leadership.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_leads_once_it_has_asked(async_client: Redis) -> None:
    leadership = Leadership(lease_of(async_client, "a"))
    assert (leadership.claim, leadership.leader, leadership.terms) == (None, "", 0)
    await leadership.ask()
    assert leadership.claim
    assert (leadership.claim.holder, leadership.leader, leadership.terms) == ("a", "a", 1)
    await leadership.ask()
    assert leadership.terms == 1


async def test_a_claim_ends_a_lease_after_it_was_asked_for_although_nobody_says_so(async_client: Redis) -> None:
    """A process that was paused wakes up and must not believe to lead."""
    clock = SecondsClock()
    leadership = Leadership(lease_of(async_client, "a", 5_000), clock)
    await leadership.ask()
    clock.now_s += 4.99
    assert leadership.claim
    clock.now_s += 0.02
    assert leadership.claim is None


async def test_who_does_not_lead_knows_who_does_and_asks_again_when_the_lease_can_end(async_client: Redis) -> None:
    first, second = (Leadership(lease_of(async_client, name, 10_000)) for name in "ab")
    await first.ask()
    assert await second.ask() <= 10.0
    assert (second.claim, second.leader) == (None, "a")


async def test_failures_that_take_turns_are_said_once_each_until_redis_answers(
    async_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = lease_of(async_client, "a")
    leadership, attempts = Leadership(lease), count()

    async def fails(*_: object) -> Claim | Taken:
        raise redis.ConnectionError(("refused", "closed")[next(attempts) % 2])

    for _ in range(2):
        with monkeypatch.context() as away, structlog.testing.capture_logs() as lines:
            away.setattr(lease, "take", fails)
            for _ in range(8):
                await leadership.ask()
        assert [line["event"] for line in lines] == ["Lease cannot be asked for; trying again"] * 2
        await leadership.ask()
        assert leadership.failure is None


async def test_another_takes_over_when_the_leader_is_silent(async_client: Redis) -> None:
    # The second one still leads when it is looked at, however long this process stands still in between.
    first, second = (Leadership(lease_of(async_client, name, ms)) for name, ms in (("a", 1_000), ("b", 20_000)))
    await first.ask()
    async with running(second):
        await second.wait(30)
        assert second.claim
        assert second.claim.fencing_token == 2


async def test_a_leader_that_renews_stays(async_client: Redis, redis_client: redis.Redis) -> None:
    first, second = (Leadership(lease_of(async_client, name, 8_000)) for name in "ab")
    left_ms = [0]

    def renewed_three_times() -> bool:
        left: Any = redis_client.pttl(KEYS.lease)
        left_ms.append(left)
        return sum(later > earlier for earlier, later in pairwise(left_ms)) >= 3

    async with running(first):
        await first.wait(30)
        async with running(second):
            await aeventually(renewed_three_times)
            assert (first.terms, second.terms) == (1, 0)


async def test_who_was_refused_by_redis_asks_at_once(async_client: Redis, redis_client: redis.Redis) -> None:
    leadership = Leadership(lease_of(async_client, "a"))
    async with running(leadership):
        await leadership.wait(30)
        redis_client.flushall()
        leadership.deposed(leadership.claim)
        await leadership.wait(30)
        assert [token_of(leadership), leadership.terms] == [2, 2]


async def test_an_answer_from_before_a_refusal_brings_back_no_claim_and_it_asks_at_once(
    async_client: Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = lease_of(async_client, "a")
    leadership = Leadership(lease)
    await leadership.ask()
    is_read, take = asyncio.Event(), lease.take
    lies_unread = asyncio.Event()

    async def read_late(
        known_token: int = 0, held: Claim | None = None, lost: Sequence[str] = (), settings: str = ""
    ) -> Claim | Taken:
        answer = await take(known_token, held, lost, settings)
        lies_unread.set()
        await is_read.wait()
        return answer

    monkeypatch.setattr(lease, "take", read_late)
    async with running(leadership):
        async with asyncio.timeout(30):
            await lies_unread.wait()
        redis_client.delete(KEYS.lease)
        leadership.deposed(leadership.claim)
        is_read.set()
        await leadership.wait(30)
        # By the length of the lease it is not due to ask for minutes.
        assert [token_of(leadership), leadership.terms] == [2, 2]


async def test_a_permission_that_only_the_lease_finds_missing_is_asked_for_at_the_pace(
    async_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands before Redis may refuse what the dry run was allowed."""
    lease, asked = lease_of(async_client, "a"), 0

    async def refuse(*_arguments: object) -> Claim | Taken:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        raise NoPermissionError("No permissions to access a key")

    async def missing() -> list[str]:
        return []

    monkeypatch.setattr(lease, "take", refuse)
    permissions: Any = SimpleNamespace(missing=missing)
    async with running(Leadership(lease, permissions=permissions)):
        for _ in range(100):
            await asyncio.sleep(0)
    assert asked == 1, "by the length of the lease it is not due to ask for minutes"


async def test_a_lease_or_a_counter_that_is_gone_is_told(async_client: Redis, redis_client: redis.Redis) -> None:
    problems = Problems()
    leadership = Leadership(lease_of(async_client, "a"), problems=problems)
    await leadership.ask()
    await leadership.ask()
    assert not problems.standing
    redis_client.delete(KEYS.lease)
    await leadership.ask()
    assert list(problems.standing) == ["lease_lost"]
    redis_client.flushall()
    leadership.deposed(leadership.claim)
    await leadership.ask()
    assert list(problems.standing) == ["lease_lost", "fencing_token_lost"]
    assert token_of(leadership) == 3


@pytest.mark.parametrize("is_held_by_another", [True, False])
async def test_a_lease_that_was_renewed_too_late_is_told_as_that_and_as_no_loss(
    async_client: Redis, redis_client: redis.Redis, *, is_held_by_another: bool
) -> None:
    """A process that gets too little of its machine begins a sync, and cannot renew meanwhile."""
    clock, problems = SecondsClock(), Problems()
    leadership = Leadership(lease_of(async_client, "a", 60_000), clock, problems)
    await leadership.ask()
    begun_under = leadership.claim
    clock.now_s += 60.01
    redis_client.delete(KEYS.lease)
    if is_held_by_another:
        await Leadership(lease_of(async_client, "b", 60_000)).ask()
    with structlog.testing.capture_logs() as lines:
        await leadership.ask()
    assert [line["why"] for line in lines if line["event"] == "Leadership lost"] == [RENEWED_LATE]
    assert leadership.standby_reason == RENEWED_LATE
    assert token_of(leadership) == (None if is_held_by_another else 2)
    # What was begun before is refused, which takes nothing from the claim that is held since.
    leadership.deposed(begun_under)
    await leadership.ask()
    assert token_of(leadership) == (None if is_held_by_another else 2)
    assert not problems.standing


async def test_who_is_refused_before_it_knows_that_it_renewed_too_late_says_so(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    clock, problems = SecondsClock(), Problems()
    leadership = Leadership(lease_of(async_client, "a", 5_000), clock, problems)
    await leadership.ask()
    begun_under = leadership.claim
    clock.now_s += 5.01
    redis_client.delete(KEYS.lease)
    leadership.deposed(begun_under)
    assert leadership.standby_reason == RENEWED_LATE
    await leadership.ask()
    assert (token_of(leadership), problems.standing) == (2, {})


async def test_a_lease_that_is_kept_though_its_answer_came_too_late_is_no_other_servers(async_client: Redis) -> None:
    clock = SecondsClock()
    leadership = Leadership(lease_of(async_client, "a", 60_000), clock)
    await leadership.ask()
    clock.now_s += 60.01
    await leadership.ask()
    assert (leadership.claim, leadership.standby_reason) == (None, RENEWED_LATE)


@pytest.mark.parametrize("is_lost", ["what gave it", "what renewed it"])
async def test_a_lease_of_its_own_of_which_an_answer_was_lost_keeps_nobody_from_leading_until_its_end(
    is_lost: str, async_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, problems, lease = SecondsClock(), Problems(), lease_of(async_client, "a", 60_000)
    leadership = Leadership(lease, clock, problems)
    take = lease.take

    async def unheard(*given: object) -> Claim | Taken:
        await take(*given)  # type: ignore[arg-type]
        raise RedisTimeoutError

    if is_lost == "what renewed it":
        await leadership.ask()
    with monkeypatch.context() as broken:
        broken.setattr(lease, "take", unheard)
        await leadership.ask()
        clock.now_s += 60.01
    assert await leadership.ask() == 0.0, "it asks again at once"
    assert (leadership.claim, leadership.leader) == (None, "a")
    await leadership.ask()
    assert (token_of(leadership), problems.standing) == (2, {})
    assert isinstance(await lease_of(async_client, "b").take(), Taken)


async def test_what_another_program_has_put_there_under_its_name_is_not_asked_for_again_and_again(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    redis_client.set(KEYS.lease, b"\xff a")
    leadership = Leadership(lease_of(async_client, "a", 60_000))
    assert [await leadership.ask() > 0 for _ in range(3)] == [False, True, True]


async def test_who_was_deposed_leads_again_at_once_when_redis_is_set_back(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    leadership = Leadership(lease_of(async_client, "a"))
    await leadership.ask()
    before = contents_of(redis_client)
    redis_client.flushall()
    await leadership.ask()
    put_back(redis_client, before)
    await leadership.ask()
    assert token_of(leadership) == 3


async def test_release_lets_another_lead_at_once(async_client: Redis) -> None:
    first, second = (Leadership(lease_of(async_client, name)) for name in "ab")
    await first.ask()
    await first.release()
    assert first.claim is None
    await second.ask()
    assert token_of(second) == 2
    await first.release()
    await second.ask()
    assert (token_of(second), second.terms) == (2, 1)


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(persistence=Persistence.NONE, start_timeout_s=60.0)
    server.start()
    yield server
    server.close()


@pytest.mark.processes
async def test_redis_away_ends_the_claim_in_time_and_it_leads_again_afterwards(own_redis: EmbeddedRedis) -> None:
    async with connect(patient(own_redis.url)) as client:
        leadership = Leadership(lease_of(client, "a", 1_000))
        async with running(leadership):
            await aeventually(lambda: leadership.claim, what="it leads")
            own_redis.kill()
            await aeventually(lambda: leadership.claim is None)
            assert leadership.leader in ("", "a")
            own_redis.start()
            # It may end again at any time: whoever stands still for the length of a lease loses it.
            claim = await aeventually(lambda: leadership.claim, what="it leads again")
            assert claim.fencing_token >= 2
