"""When a server leads whose settings are not those of the log: where nobody with those was there since it started."""

from __future__ import annotations

import pytest
import redis
from redis.asyncio import Redis

from strategic_memory_server.advice.settings_by_variable import as_text
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.settings_agreement import SettingsAgreement

KEYS = LogKeys.under("quantum")
LEASE_MS = 5_000
STATED, OTHER = {"STRATEGIC_MEMORY_MIN_SAMPLES": 3}, {"STRATEGIC_MEMORY_MIN_SAMPLES": 5}

Look = tuple[float, str, int]
"""Seconds since the start of a server, who holds the lease (empty: nobody), and milliseconds until that ends."""


@pytest.mark.parametrize(
    ("looks", "leads"),
    [
        pytest.param([(0, "", 0), (4.9, "", 0)], False, id="free for less than its length"),
        pytest.param([(0, "", 0), (5, "", 0)], True, id="free for its length"),
        pytest.param([(0, "1 a", 4_000), (1, "1 a", 3_100), (5, "", 0), (10, "", 0)], True, id="left by one killed"),
        pytest.param([(0, "1 a", 4_000), (1, "1 a", 3_900), (6, "", 0), (60, "", 0)], False, id="renewed"),
        pytest.param([(0, "1 a", 4_000), (1, "2 b", 3_000), (6, "", 0), (60, "", 0)], False, id="taken by another"),
        pytest.param([(0, "", 0), (1, "1 a", 5_000), (7, "", 0), (60, "", 0)], False, id="taken since the start"),
        pytest.param([(0, "1 a", 4_000), (4, "", 0), (5, "1 a", 100), (60, "", 0)], False, id="there again"),
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
