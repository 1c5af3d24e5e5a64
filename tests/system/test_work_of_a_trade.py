"""How much one trade costs: coarse bounds on what is counted, so that it does not grow unseen. Nothing is timed.

Where a change makes it less, lower the bound in the same commit; the message of a test that fails says what was
counted. A bound is raised only with a sentence in the commit that says what the additional work is for.
"""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Any, cast

import pytest
import redis
from conftest import StartService
from processes import eventually
from system.redis_work import RedisWork, Work, redis_work

from strategic_memory_server.redis_access.redis_replies import StreamEntries

ROUND_TRIPS = 1
"""Of one trade, blocking reads apart."""

COMMANDS = 20
"""Of one trade, those inside scripts too, blocking reads apart."""

LOG_ENTRY_BYTES = 2_920
"""Names and values of one entry of the feedback log, 215 of them to compute it again."""

WAITING = 2
"""Blocking reads of a service at rest: its inputs and the log."""

TRADES = 9
LOG = "quantum:stream:strategic_feedback"


def trade(number: int) -> dict[Any, Any]:
    return {
        "market_regime": "BULL", "realized_pnl": f"{0.4 + number % 7 / 10:.4f}", "timestamp": "2026-01-05T06:00:00Z",
        "policy": ("AGGRESSIVE", "BALANCED", "CONSERVATIVE")[number % 3], "trade_id": f"trade-{number:08}",
    }  # fmt: skip


@pytest.fixture
def service_at_rest(redis_client: redis.Redis, start_service: StartService) -> None:
    """A service with full windows that waits for entries; the evidence is in charge."""
    for number in range(50):
        observation: dict[Any, Any] = {"regime": "BULL", "pnl": f"{number % 5 / 10}", "confidence": "0.8"}
        redis_client.xadd("quantum:stream:meta.regime", observation)
        redis_client.xadd("quantum:stream:portfolio.memory", {"regime": "BULL", "pnl": "0.3"})
        redis_client.xadd("quantum:stream:trade.results", trade(number))
    # What is done once in a while, such as renewing the lease, is put off. No trade waits for the shortest distance
    # between two syncs, after which what was told with it is asked anew.
    env = {"RULES": "evidence", "LEASE": "3600", "SYNC_FLOOR": "0"}
    start_service(sync_interval_s=3_600, env={f"STRATEGIC_MEMORY_{name}": value for name, value in env.items()})
    eventually(lambda: redis_client.xlen(LOG))


def test_a_trade_costs_few_round_trips_commands_and_bytes(redis_client: redis.Redis, service_at_rest: None) -> None:
    with redis_work(redis_client) as seen:
        work = [work_of(redis_client, seen, trade(100 + number)) for number in range(TRADES)]
    # Something that is done once in a while may fall beside a trade all the same, so the median counts.
    typical = sorted(work, key=lambda each: len(each.commands))[TRADES // 2]
    assert typical.commands, "nothing was counted"
    assert median(each.round_trips for each in work) <= ROUND_TRIPS, typical
    assert len(typical.commands) <= COMMANDS, Counter(typical.commands)
    ((_, entry),) = cast("StreamEntries", redis_client.xrevrange(LOG, count=1))
    assert sum(len(name) + len(value) for name, value in entry.items()) <= LOG_ENTRY_BYTES, entry


def work_of(client: redis.Redis, seen: RedisWork, entry: dict[Any, Any]) -> Work:
    """What a trade makes a service do that is at rest, until it is at rest again."""

    def rests() -> bool:
        return int(client.info("clients")["blocked_clients"]) == WAITING

    eventually(rests)
    seen.since_last()
    before = client.xlen(LOG)
    client.xadd("quantum:stream:trade.results", entry)
    eventually(lambda: client.xlen(LOG) > before and rests())
    return seen.since_last()
