"""Real servers with the drawdown guard: every way in which leverage is read bears it, and it outlives the leader."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from client.command_line import run_at_terminal
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_json, get_text, stub_of

from strategic_memory.v1 import memory_pb2, service_pb2
from strategic_memory_client import StrategicMemoryClient
from strategic_memory_server.advice.drawdown_guard import GuardState
from strategic_memory_server.revisions.guard_text import guard_text
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = [pytest.mark.system, pytest.mark.least_user]

KEYS = LogKeys.under("quantum")
ENVIRONMENT = {
    "STRATEGIC_MEMORY_LEVERAGE_GUARD": "on",
    "STRATEGIC_MEMORY_LEASE": "1",
    "STRATEGIC_MEMORY_VALIDITY": "60",
}
SEEN = GuardState(100, 100.0, 2.0, 50.0, 200.0, 2.0, 0.5, 1_766_296_800_000)
"""What a guard goes on from that has seen the newest results spread twice as widely as all."""

HINT = 0.84
"""Half of what the reference rules advise."""


def ways(service: ServiceProcess, client: redis.Redis) -> dict[str, tuple[float, str | None]]:
    """The leverage, and what has lowered it, by how it is read."""
    raw: Any = client.get(KEYS.feedback)
    document, health = json.loads(raw), get_json(service)["metrics"]
    said = get_feedback(service)
    found = {
        "GetFeedback": (said.leverage_hint, said.leverage_bound_by),
        "current": (said.current.leverage_hint, said.current.leverage_bound_by),
        "key": (document["leverage_hint"], document["leverage_bound_by"]),
        "health": (health["strategic_memory"]["leverage_hint"], health["feedback"]["leverage_bound_by"]),
    }
    with stub_of(service) as stub:
        asked = service_pb2.AnalyzeRequest(stored=memory_pb2.StoredMemory())
        analysed = stub.Analyze(asked, timeout=30).feedback
        found["Analyze"] = analysed.leverage_hint, analysed.leverage_bound_by
        first = next(iter(stub.StreamFeedback(service_pb2.StreamFeedbackRequest(), timeout=30))).feedback
        found["StreamFeedback"] = first.leverage_hint, first.leverage_bound_by
    with StrategicMemoryClient(service.grpc_address) as python:
        python.follow()
        newest = python.wait_for_newest(30)
        found["newest"] = newest.leverage_hint, newest.leverage_bound_by
        stale = newest.as_stale()
        found["stale"] = stale.leverage_hint, stale.leverage_bound_by
    return found


def test_every_reader_is_told_the_guarded_leverage_and_it_outlives_the_leader(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    redis_client.hset(KEYS.state, "guard", guard_text(SEEN))
    first = start_service(env=ENVIRONMENT)
    # All at once: the guard binds what is advised upon the first of them too.
    with redis_client.pipeline(transaction=True) as pipeline:
        for _ in range(5):
            add_regime(pipeline, "BULL", 0.3)
        pipeline.execute()
    eventually(lambda: get_feedback(first).leverage_bound_by == "drawdown_guard")
    found = ways(first, redis_client)
    assert found == dict.fromkeys(found, (HINT, "drawdown_guard"))
    guard = get_feedback(first).guard
    assert (guard.factor, guard.results, guard.recent_spread, guard.usual_spread) == (0.5, 100, 2.0, 1.0)
    assert "LEVERAGE_GUARDED" in [reason.code for reason in get_feedback(first).reasons]
    assert get_json(first)["metrics"]["feedback"]["guard"]["factor"] == 0.5
    assert "strategic_memory_drawdown_guard_factor 0.5" in get_text(first, "/metrics")
    shown = run_at_terminal("get", "--address", first.grpc_address).out
    assert "drawdown guard" in shown
    assert "leverage times 0.5 since 2025-12-21" in shown
    second = start_service(env=ENVIRONMENT)
    first.kill()
    add_regime(redis_client, "BULL", 0.3)
    eventually(lambda: get_feedback(second).regime_performance.sample_count == 6)
    assert get_feedback(second).guard == guard
    assert get_feedback(second).leverage_hint == HINT
