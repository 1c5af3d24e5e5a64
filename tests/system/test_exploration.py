"""Exploring through running services: off unless asked for; a probe reaches everybody, and outlives kill and leader."""

from __future__ import annotations

import json
import signal
from random import Random
from typing import Any

import pytest
import redis
from conftest import StartService
from google.protobuf.duration_pb2 import Duration
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback, get_json, get_text, stub_of

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2, service_pb2
from strategic_memory_client import Policy, StrategicMemoryClient

pytestmark = [pytest.mark.system, pytest.mark.least_user]

TRADES = "quantum:stream:trade.results"
FEEDBACK, EVIDENCE = "quantum:feedback:strategic_memory", "quantum:feedback:strategic_memory:evidence"
TRADES_MADE, HOLD = 40, 6
EVIDENCE_RULES = {"STRATEGIC_MEMORY_RULES": "evidence", "STRATEGIC_MEMORY_LEASE": "1", **PATIENT}
EXPLORING = {
    **EVIDENCE_RULES,
    "STRATEGIC_MEMORY_EVIDENCE_EXPLORATION": "on",
    "STRATEGIC_MEMORY_EVIDENCE_EXPLORATION_HOLD": str(HOLD),
}


@pytest.fixture(autouse=True)
def conservative_trades(redis_client: redis.Redis) -> None:
    """Trades of one policy in BULL, which is now; the others promise something, as nothing is known of them."""
    random = Random(3)
    for _ in range(TRADES_MADE):
        conservative_trade(redis_client, random.gauss(0.3, 1.0))
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)


def conservative_trade(client: redis.Redis, pnl: float = 0.3) -> None:
    add_trade(client, "BULL", pnl, policy="CONSERVATIVE")


def losing_trade(client: redis.Redis) -> None:
    add_trade(client, "BULL", -3.0, policy="BALANCED")


def upon(service: ServiceProcess, trades: int) -> feedback_pb2.Feedback:
    """The feedback that rests on so many trades."""

    def found() -> feedback_pb2.Feedback | None:
        feedback = get_feedback(service)
        return feedback if feedback.evidence.observations == trades else None

    return eventually(found)


def seen_since_it_began(feedback: feedback_pb2.Feedback) -> float:
    (reason,) = (reason for reason in feedback.reasons if reason.code == "EVIDENCE_PROBE")
    return reason.comparisons[0].value


def leads(service: ServiceProcess) -> bool:
    return bool(get_json(service)["metrics"]["replication"]["role"] == "leader")


def analyzed(service: ServiceProcess, settings: analysis_pb2.AnalysisSettings | None = None) -> feedback_pb2.Feedback:
    request = service_pb2.AnalyzeRequest(settings=settings)
    with stub_of(service) as stub:
        return stub.Analyze(request, timeout=30).feedback


def same_advice(found: feedback_pb2.Feedback, said: feedback_pb2.Feedback) -> bool:
    """All but the place in the log and the times."""
    both = []
    for each in (found, said):
        copy = feedback_pb2.Feedback()
        copy.CopyFrom(each)
        copy.ClearField("revision")
        copy.ClearField("epoch")
        copy.ClearField("timestamp")
        copy.ClearField("valid_until")
        both.append(copy)
    return both[0] == both[1]


def test_off_by_default(start_service: StartService, redis_client: redis.Redis) -> None:
    said = upon(start_service(env=EVIDENCE_RULES), TRADES_MADE)
    assert (said.current.policy, said.current.is_probe) == (feedback_pb2.POLICY_CONSERVATIVE, False)
    raw: Any = redis_client.get(FEEDBACK)
    assert b"probe" not in raw
    assert not redis_client.hexists(EVIDENCE, "trials")


def test_a_probe_reaches_everybody(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(env=EXPLORING)
    said = upon(service, TRADES_MADE)
    assert said.current.is_probe
    assert said.current.policy == said.updated_policy == feedback_pb2.POLICY_BALANCED
    assert said.evidence.recommended_policy == feedback_pb2.POLICY_CONSERVATIVE
    assert (said.leverage_hint, said.leverage_bound_by) == (1.0, "exploration")
    assert said.reasons[0].code == "EVIDENCE_PROBE"
    raw: Any = redis_client.get(FEEDBACK)
    document = json.loads(raw)
    assert (document["current"]["is_probe"], document["current"]["policy"]) == (True, "BALANCED")
    health = get_json(service)
    assert health["metrics"]["feedback"]["current"]["is_probe"] is True
    assert "strategic_memory_probe 1.0" in get_text(service, "/metrics")
    with StrategicMemoryClient(service.grpc_address) as client:
        found = client.get_feedback()
    assert found.current is not None
    assert (found.is_probe, found.current.is_probe, found.current.policy) == (True, True, Policy.BALANCED)


def test_analyze_says_what_the_service_says_where_nothing_is_changed(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    service = start_service(env=EXPLORING)
    upon(service, TRADES_MADE)
    conservative_trade(redis_client)
    said = upon(service, TRADES_MADE + 1)
    assert seen_since_it_began(said) == 1
    before: Any = redis_client.hgetall(EVIDENCE)
    assert same_advice(analyzed(service), said)
    assert same_advice(analyzed(service, analysis_pb2.AnalysisSettings(minimum_samples=1)), said)
    assert redis_client.hgetall(EVIDENCE) == before, "an analysis changes nothing"
    for changed in (
        analysis_pb2.AnalysisSettings(evidence=analysis_pb2.EvidenceSettings(half_life_trades=100)),
        analysis_pb2.AnalysisSettings(evidence=analysis_pb2.EvidenceSettings(required_probability=0.9)),
        analysis_pb2.AnalysisSettings(max_age=Duration(seconds=3_600)),
        analysis_pb2.AnalysisSettings(as_of=said.data_as_of),
        analysis_pb2.AnalysisSettings(rules=feedback_pb2.RULES_REFERENCE),
    ):
        found = analyzed(service, changed)
        assert found.HasField("current")
        assert not found.current.is_probe
        assert not [reason for reason in found.reasons if reason.code == "EVIDENCE_PROBE"]
    inline = memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(regime=["BULL"] * 5, pnl=[0.3] * 5),
        trade_results=memory_pb2.TradeColumns(
            market_regime=["BULL"] * 25, realized_pnl=[0.1, 0.2] * 12 + [0.3], policy=["CONSERVATIVE"] * 25
        ),
    )
    with stub_of(service) as stub:
        found = stub.Analyze(service_pb2.AnalyzeRequest(inline=inline), timeout=30).feedback
    assert (found.rules, found.current.is_probe) == (feedback_pb2.RULES_EVIDENCE, False)


def test_a_probe_outlives_a_kill_in_its_midst(start_service: StartService, redis_client: redis.Redis) -> None:
    first = start_service(env=EXPLORING)
    for number in range(3):
        upon(first, TRADES_MADE + number)
        losing_trade(redis_client)
    before = upon(first, TRADES_MADE + 3)
    assert seen_since_it_began(before) == 3
    first.kill()
    redis_client.xtrim(TRADES, maxlen=0, approximate=False)
    losing_trade(redis_client)
    second = start_service(env=EXPLORING)
    after = upon(second, TRADES_MADE + 4)
    assert (after.current.policy, after.current.is_probe) == (before.current.policy, True)
    assert seen_since_it_began(after) == 4
    assert (after.epoch, after.revision) == (before.epoch, before.revision + 1)
    revision = after.revision
    for number in range(5, HOLD + 1):
        losing_trade(redis_client)
        after = upon(second, TRADES_MADE + number)
        revision += 1
    assert after.current.policy == feedback_pb2.POLICY_AGGRESSIVE, "held for exactly as long as it was to be"
    assert seen_since_it_began(after) == 0
    assert after.revision == revision


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_next_leader_goes_on_with_the_probe(
    number: signal.Signals, start_service: StartService, redis_client: redis.Redis
) -> None:
    first = start_service(env=EXPLORING, sync_interval_s=300)
    eventually(lambda: leads(first))
    second = start_service(env=EXPLORING, sync_interval_s=300)
    upon(first, TRADES_MADE)
    conservative_trade(redis_client)
    for service in (first, second):
        assert seen_since_it_began(upon(service, TRADES_MADE + 1)) == 1
    tried: Any = redis_client.hget(EVIDENCE, "trials")
    assert json.loads(tried)["trials"] == {"BULL": {"policy": "BALANCED", "since": TRADES_MADE}}
    first.send_signal(number)
    eventually(lambda: leads(second))
    conservative_trade(redis_client)
    after = upon(second, TRADES_MADE + 2)
    assert (after.current.policy, seen_since_it_began(after)) == (feedback_pb2.POLICY_BALANCED, 2)
    assert redis_client.hget(EVIDENCE, "trials") == tried


def test_a_stale_probe_is_none(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(
        env={
            **EXPLORING,
            "STRATEGIC_MEMORY_SYNC_MODE": "periodic",
            "STRATEGIC_MEMORY_VALIDITY": "1",
            "STRATEGIC_MEMORY_LEASE": "0.5",
        },
        sync_interval_s=0.5,
    )
    serving = start_service(env=EXPLORING, arguments=("--role", "serve"))
    upon(serving, TRADES_MADE)
    service.kill()

    def stale() -> feedback_pb2.Feedback | None:
        feedback = get_feedback(serving)
        return feedback if feedback.status == feedback_pb2.FEEDBACK_STATUS_STALE else None

    said = eventually(stale)
    assert (said.current.policy, said.current.is_probe) == (feedback_pb2.POLICY_CONSERVATIVE, False)

    def stale_in_redis() -> dict[str, Any] | None:
        raw: Any = redis_client.get(FEEDBACK)
        document: dict[str, Any] = json.loads(raw)
        return document if document["status"] == "STALE" else None

    assert "is_probe" not in eventually(stale_in_redis)["current"]


def test_exploring_under_the_reference_rules_is_refused_at_the_start(start_service: StartService) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_EVIDENCE_EXPLORATION": "on"}, wait_until_ready=False)
    assert service.wait() == 2
    assert service.stderr() == (
        "strategic-memory-server: STRATEGIC_MEMORY_EVIDENCE_EXPLORATION is on while STRATEGIC_MEMORY_RULES is "
        "reference: only the evidence explores; set STRATEGIC_MEMORY_RULES=evidence, or turn exploration off\n"
    )
