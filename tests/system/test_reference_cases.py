"""Every reference case through a running server: the Redis key, GetFeedback and Analyze agree with it to 1e-4."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
import redis
from conftest import StartService
from patient_redis import PATIENT
from processes import eventually
from redis_inputs import GoldenCase, golden_cases, load_golden_case
from service_calls import get_feedback, stub_of

from strategic_memory.v1 import feedback_pb2, memory_pb2, service_pb2

TOLERANCE = 1e-4
FEEDBACK_KEY = "quantum:feedback:strategic_memory"
CONTRACT_KEYS = [
    "preferred_regime",
    "updated_policy",
    "confidence_boost",
    "leverage_hint",
    "regime_performance",
    "timestamp",
    "version",
]


approx = partial(pytest.approx, abs=TOLERANCE)


def check_key(document: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(document)[: len(CONTRACT_KEYS)] == CONTRACT_KEYS
    assert document["preferred_regime"] == expected["preferred_regime"]
    assert document["updated_policy"] == expected["updated_policy"]
    assert document["confidence_boost"] == approx(expected["confidence_boost"])
    assert document["leverage_hint"] == approx(expected["leverage_hint"])
    assert set(document["regime_performance"]) == {"avg_pnl", "win_rate", "sample_count"}
    for name, value in expected["regime_performance"].items():
        assert document["regime_performance"][name] == approx(value)
    assert document["timestamp"].endswith("Z")
    assert document["version"] == "1.0.0"


def check_message(feedback: feedback_pb2.Feedback, expected: dict[str, Any]) -> None:
    assert feedback.preferred_regime == expected["preferred_regime"]
    assert feedback_pb2.Policy.Name(feedback.updated_policy) == f"POLICY_{expected['updated_policy']}"
    assert feedback.confidence_boost == approx(expected["confidence_boost"])
    assert feedback.leverage_hint == approx(expected["leverage_hint"])
    performance, figures = feedback.regime_performance, expected["regime_performance"]
    assert performance.avg_pnl == approx(figures["avg_pnl"])
    assert performance.win_rate == approx(figures["win_rate"])
    assert performance.sample_count == figures["sample_count"]


def check_regimes(response: service_pb2.AnalyzeResponse, expected: dict[str, dict[str, Any]]) -> None:
    found = {regime.regime: regime for regime in response.analysis.regimes}
    assert set(found) == set(expected)
    for name, figures in expected.items():
        for field, value in figures.items():
            assert getattr(found[name], field) == approx(value), (name, field)


def inline(case: GoldenCase) -> memory_pb2.InlineMemory:
    """The same observations as columns of a request."""
    observed = case.streams["quantum:stream:meta.regime"]
    earned = case.streams["quantum:stream:portfolio.memory"]
    traded = case.streams["quantum:stream:trade.results"]
    return memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(
            regime=[entry["regime"] for entry in observed],
            pnl=[float(entry["pnl"]) for entry in observed],
            confidence=[float(entry.get("confidence", "nan")) for entry in observed],
        ),
        portfolio_entries=memory_pb2.PortfolioColumns(
            regime=[entry["regime"] for entry in earned], pnl=[float(entry["pnl"]) for entry in earned]
        ),
        trade_results=memory_pb2.TradeColumns(
            market_regime=[entry["market_regime"] for entry in traded],
            realized_pnl=[float(entry["realized_pnl"]) for entry in traded],
            policy=[entry.get("policy", "") for entry in traded],
        ),
    )


def kept_revision(client: redis.Redis) -> int | None:
    """The revision in the key of the feedback, whose validity is prolonged all the time; None without the key."""
    kept = client.get(FEEDBACK_KEY)
    return None if kept is None else int(json.loads(kept)["revision"])


def test_every_reference_case_through_one_running_server(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    # An advice that turns stale because a sync comes late, on a busy machine, is published anew.
    service = start_service(sync_interval_s=0.05, env={"STRATEGIC_MEMORY_VALIDITY": "60", **PATIENT})
    cases = golden_cases()
    assert len(cases) >= 40
    with stub_of(service) as stub:
        for number, case in enumerate(cases):
            inputs = [key for key in redis_client.scan_iter() if b"feedback" not in key]
            if inputs:
                redis_client.delete(*inputs)
            before = kept_revision(redis_client)
            load_golden_case(redis_client, case)
            stored = stub.Analyze(service_pb2.AnalyzeRequest(stored=memory_pb2.StoredMemory()), timeout=30)
            sent = stub.Analyze(service_pb2.AnalyzeRequest(inline=inline(case)), timeout=30)
            check_regimes(stored, case.expected_regimes)
            check_regimes(sent, case.expected_regimes)
            expected = case.expected_feedback
            if expected is None:
                assert stored.feedback.status == feedback_pb2.FEEDBACK_STATUS_WARMING_UP
                # The advice before it was withdrawn, or is about to be.
                assert kept_revision(redis_client) in (before, None)
                continue
            check_message(stored.feedback, expected)
            check_message(sent.feedback, expected)

            def published(expected: dict[str, Any] = expected) -> bool:
                check_key(json.loads(redis_client.get(FEEDBACK_KEY) or b"{}"), expected)
                check_message(get_feedback(service), expected)
                return True

            eventually(published, what=f"reference case {number} in force")


def test_fewer_than_three_entries_write_nothing(start_service: StartService, redis_client: redis.Redis) -> None:
    case = next(case for case in golden_cases() if case.expected_feedback is None)
    load_golden_case(redis_client, case)
    service = start_service(sync_interval_s=0.05)
    eventually(lambda: any(line.get("iteration") == 3 for line in service.log_lines()))
    feedback = get_feedback(service)
    assert redis_client.get(FEEDBACK_KEY) is None
    assert feedback.status == feedback_pb2.FEEDBACK_STATUS_WARMING_UP
    assert (feedback.preferred_regime, feedback.updated_policy) == ("UNKNOWN", feedback_pb2.POLICY_CONSERVATIVE)
    assert (feedback.confidence_boost, feedback.leverage_hint, feedback.revision) == (0.0, 1.0, 0)
