"""The drawdown guard while servers are upgraded: one of the previous version knows of none, and harms none."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from conftest import StartService
from previous_version import previous_pythonpath, why_not_there
from processes import do_without, eventually
from redis_inputs import add_regime
from service_calls import get_feedback

from strategic_memory_server.advice.drawdown_guard import GuardState
from strategic_memory_server.revisions.guard_text import guard_of_text, guard_text
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = pytest.mark.system

KEYS = LogKeys.under("quantum")
UNGUARDED = {"STRATEGIC_MEMORY_LEASE": "1", "STRATEGIC_MEMORY_VALIDITY": "60"}
GUARDED = {**UNGUARDED, "STRATEGIC_MEMORY_LEVERAGE_GUARD": "on"}
SEEN = GuardState(100, 100.0, 2.0, 50.0, 200.0, 2.0, 0.5, 1_766_296_800_000)


def test_a_server_of_the_previous_version_leaves_alone_what_it_goes_on_from(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    if why := why_not_there():
        do_without("previous", why)
    redis_client.hset(KEYS.state, "guard", guard_text(SEEN))
    first = start_service(env=GUARDED)
    for _ in range(5):
        add_regime(redis_client, "BULL", 0.3)
    eventually(lambda: get_feedback(first).guard.factor == 0.5)
    first.kill()
    previous = start_service(env={**UNGUARDED, "PYTHONPATH": previous_pythonpath()})
    add_regime(redis_client, "BULL", 0.3)
    eventually(lambda: get_feedback(previous).regime_performance.sample_count == 6)
    assert not get_feedback(previous).HasField("guard"), "it knows of none"
    written: Any = redis_client.hget(KEYS.state, "guard")
    assert guard_of_text(written).reading() == SEEN.reading()
    previous.kill()
    second = start_service(env=GUARDED)
    add_regime(redis_client, "BULL", 0.3)
    eventually(lambda: get_feedback(second).regime_performance.sample_count == 7)
    assert (get_feedback(second).leverage_hint, get_feedback(second).guard.factor) == (0.84, 0.5)
