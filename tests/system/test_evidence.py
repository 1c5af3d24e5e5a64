"""Evidence through a running service: part of every feedback, in charge where it is asked for, kept through a kill."""

from __future__ import annotations

import subprocess
from random import Random
from typing import Any

import pytest
import redis
from conftest import StartService
from patient_redis import PATIENT
from processes import ServiceProcess, command_path, eventually, service_environment
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback, get_json, stub_of

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2, service_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = [pytest.mark.system, pytest.mark.least_user]

TRADES = "quantum:stream:trade.results"
TRADES_MADE = 300


def trade(client: redis.Redis, trades: int = TRADES_MADE, seed: int = 5) -> None:
    """Trades in BULL of which the AGGRESSIVE ones earn, and observations that BULL is now."""
    random = Random(seed)
    for number in range(trades):
        policy = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")[number % 3]
        add_trade(client, "BULL", random.gauss(0.6 if number % 3 == 2 else 0.0, 1.0), policy=policy)
    for _ in range(3):
        add_regime(client, "BULL", -0.5)


def evidence_of_all(service: ServiceProcess, trades: int = TRADES_MADE) -> feedback_pb2.Feedback:
    def found() -> feedback_pb2.Feedback | None:
        feedback = get_feedback(service)
        return feedback if feedback.evidence.observations == trades else None

    return eventually(found)


def test_it_stands_beside_the_reference_rules(start_service: StartService, redis_client: redis.Redis) -> None:
    trade(redis_client)
    said = evidence_of_all(start_service())
    assert (said.rules, said.version) == (feedback_pb2.RULES_REFERENCE, "1.0.0")
    assert said.evidence.regime == said.current_regime == said.current.regime == "BULL"
    assert said.evidence.recommended_policy == feedback_pb2.POLICY_AGGRESSIVE
    assert sum(policy.probability_best for policy in said.evidence.policies) == pytest.approx(1.0, abs=1e-3)


def test_an_analysis_gives_it_for_every_regime(start_service: StartService, redis_client: redis.Redis) -> None:
    trade(redis_client)
    for number in range(9):
        add_trade(redis_client, "BEAR", -0.5 - number, policy="CONSERVATIVE")
    service = start_service()
    said = evidence_of_all(service, TRADES_MADE + 9)
    with stub_of(service) as stub:
        analysis = stub.Analyze(service_pb2.AnalyzeRequest(), timeout=30).analysis
    found = {regime.regime: regime for regime in analysis.regimes}
    assert found["BULL"].evidence == said.evidence
    assert found["BEAR"].evidence.recommended_policy == feedback_pb2.POLICY_CONSERVATIVE
    assert [policy.observations for policy in found["BEAR"].evidence.policies] == [9, 0, 0]
    assert (found["BEAR"].performance.trades, found["BEAR"].performance.longest_losing_run) == (9, 9)


def test_in_charge_it_gives_the_advice(start_service: StartService, redis_client: redis.Redis) -> None:
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.4}')
    trade(redis_client)
    said = evidence_of_all(start_service(env={"STRATEGIC_MEMORY_RULES": "evidence"}))
    assert (said.rules, said.updated_policy) == (feedback_pb2.RULES_EVIDENCE, feedback_pb2.POLICY_AGGRESSIVE)
    assert (said.leverage_hint, said.leverage_bound_by) == (0.4, "risk:leverage_limits")
    assert said.version == "evidence-1.0.0"


def test_every_trade_counts_once_through_a_kill_and_a_trim(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    trade(redis_client)
    first = start_service()
    before = evidence_of_all(first)
    first.kill()
    redis_client.xtrim(TRADES, maxlen=0, approximate=False)
    add_trade(redis_client, "BULL", 0.1, policy="BALANCED")
    after = evidence_of_all(start_service(), TRADES_MADE + 1)
    assert after.epoch == before.epoch
    counted: Any = {policy.policy: policy.observations for policy in after.evidence.policies}
    assert counted == {
        feedback_pb2.POLICY_CONSERVATIVE: 100,
        feedback_pb2.POLICY_BALANCED: 101,
        feedback_pb2.POLICY_AGGRESSIVE: 100,
    }


def test_the_memory_is_built_anew_on_request(
    start_service: StartService, redis_client: redis.Redis, redis_server: EmbeddedRedis
) -> None:
    trade(redis_client)
    service = start_service()
    evidence_of_all(service)
    redis_client.xtrim(TRADES, maxlen=30, approximate=False)
    done = subprocess.run(
        [command_path("strategic-memory-server"), "rebuild-memory", "--yes", "--redis-url", redis_server.url],
        env=service_environment(PATIENT),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "30 entries" in done.stdout
    add_trade(redis_client, "BULL", 0.1, policy="BALANCED")
    evidence_of_all(service, 31)
    eventually(lambda: get_json(service)["metrics"]["sync"]["trades_remembered"] == 31)


def test_analyze_says_what_the_evidence_would_have_said(start_service: StartService, redis_client: redis.Redis) -> None:
    trade(redis_client)
    service = start_service()
    evidence_of_all(service)
    settings = analysis_pb2.AnalysisSettings(rules=feedback_pb2.RULES_EVIDENCE)
    with stub_of(service) as stub:
        stored = stub.Analyze(service_pb2.AnalyzeRequest(settings=settings), timeout=30).feedback
        inline = stub.Analyze(
            service_pb2.AnalyzeRequest(settings=settings, inline=memory_pb2.InlineMemory()), timeout=30
        ).feedback
    assert (stored.rules, stored.updated_policy) == (feedback_pb2.RULES_EVIDENCE, feedback_pb2.POLICY_AGGRESSIVE)
    assert stored.evidence.observations == TRADES_MADE
    assert inline.status == feedback_pb2.FEEDBACK_STATUS_WARMING_UP
    assert get_feedback(service).rules == feedback_pb2.RULES_REFERENCE
