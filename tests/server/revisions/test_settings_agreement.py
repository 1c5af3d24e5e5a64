"""When a server leads whose settings are not those of the log: where nobody with those was there since it started."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import redis
from claimed import lease_of
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError
from set_clocks import SecondsClock

from strategic_memory_server.advice.settings_by_variable import as_text
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.revisions.leadership import HELD_UNKNOWN, Leadership
from strategic_memory_server.revisions.lease import Claim, Taken
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.settings_agreement import SettingsAgreement

KEYS = LogKeys.under("quantum")
LEASE_MS = 5_000
STATED, OTHER = {"STRATEGIC_MEMORY_MIN_SAMPLES": 3}, {"STRATEGIC_MEMORY_MIN_SAMPLES": 5}

Look = tuple[float, str, int]
"""Seconds since the start of a server, who holds the lease (empty: nobody), and milliseconds until that ends."""


def free(first_s: int, last_s: int) -> list[Look]:
    """A look each second, as a server has them, and nobody holds the lease."""
    return [(at_s, "", 0) for at_s in range(first_s, last_s + 1)]


@pytest.mark.parametrize(
    ("looks", "leads"),
    [
        pytest.param([*free(0, 4), (4.9, "", 0)], False, id="free for less than its length"),
        pytest.param(free(0, 5), True, id="free for its length"),
        pytest.param([(0, "", 0), (60, "", 0)], False, id="seen free twice, and it stood still in between"),
        pytest.param([(0, "", 0), *free(60, 62)], False, id="free since it stood still, and not for long"),
        pytest.param([(0, "", 0), *free(60, 63)], True, id="free since it stood still"),
        pytest.param([(0, "1 a", 4_000), (1, "1 a", 3_100), *free(5, 10)], True, id="left by one killed"),
        pytest.param([(0, "1 a", 4_000), (1, "1 a", 3_900), *free(6, 20)], False, id="renewed"),
        pytest.param([(0, "1 a", 4_000), (1, "2 b", 3_000), *free(6, 20)], False, id="taken by another"),
        pytest.param([(0, "", 0), (1, "1 a", 5_000), *free(7, 20)], False, id="taken since the start"),
        pytest.param([(0, "1 a", 4_000), (4, "", 0), (5, "1 a", 100), *free(6, 20)], False, id="there again"),
        pytest.param([(0, "1 a", -1), (60, "1 a", -1)], False, id="held for good"),
    ],
)
async def test_it_leads_where_nobody_with_those_was_there(
    looks: list[Look], leads: bool, async_client: Redis, redis_client: redis.Redis
) -> None:
    redis_client.hset(KEYS.state, "settings", as_text(STATED))
    now_s = 0.0
    problems = Problems()
    agreement = SettingsAgreement(
        async_client, "quantum", "other", OTHER, LEASE_MS, problems, clock_s=lambda: 1_000.0 + now_s
    )
    found = []
    for at_s, holder, left_ms in looks:
        now_s = at_s
        redis_client.delete(KEYS.lease)
        if holder:
            redis_client.set(KEYS.lease, holder, px=left_ms if left_ms > 0 else None)
        found.append(await agreement.may_lead())
        assert "settings_differ" in problems.standing
    assert found == [False] * (len(looks) - 1) + [leads]


async def test_an_answer_that_lies_unread_tells_of_no_longer_time(
    async_client: Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_client.hset(KEYS.state, "settings", as_text(STATED))
    clock = SecondsClock()
    agreement = SettingsAgreement(async_client, "quantum", "other", OTHER, LEASE_MS, Problems(), clock_s=clock)
    ask, unread_s = agreement._script, 0.0

    async def asked(keys: object, args: object) -> object:
        answer = await ask(keys=keys, args=args)  # type: ignore[arg-type]
        clock.now_s += unread_s
        return answer

    monkeypatch.setattr(agreement, "_script", asked)
    for _ in range(5):
        assert not await agreement.may_lead()
        clock.now_s += 0.9
    # By now it is free for 4.5 s.
    unread_s = 9.0
    assert not await agreement.may_lead()
    unread_s, clock.now_s = 0.0, clock.now_s + 0.4
    assert not await agreement.may_lead()
    clock.now_s += 0.2
    assert await agreement.may_lead()


async def test_a_lease_of_its_own_that_no_answer_told_of_is_that_of_no_other_server(
    async_client: Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_client.hset(KEYS.state, "settings", as_text(STATED))
    clock, lease = SecondsClock(), lease_of(async_client, "other", 60_000)
    agreement = SettingsAgreement(async_client, "quantum", "other", OTHER, lease.length_ms, Problems(), clock_s=clock)
    leadership = Leadership(lease, clock, agreement=agreement)
    take = lease.take

    async def unheard(
        known_token: int = 0, held: Claim | None = None, lost: Sequence[str] = (), settings: str = ""
    ) -> Claim | Taken:
        await take(known_token, held, lost, settings)
        raise RedisTimeoutError

    with monkeypatch.context() as standing_still:
        standing_still.setattr(lease, "take", unheard)
        while not redis_client.exists(KEYS.lease):
            assert clock.now_s < 1_100.0, "it asks for the lease once that was free for its length"
            clock.now_s += await leadership.ask()
    clock.now_s += await leadership.ask()
    assert (leadership.claim, leadership.leader, leadership.standby_reason) == (None, "other", HELD_UNKNOWN)
    redis_client.delete(KEYS.lease)
    await leadership.ask()
    assert leadership.claim
    assert leadership.claim.value == "2 other"
