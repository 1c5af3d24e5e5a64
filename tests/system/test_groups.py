"""Portfolios of a group in one service: one with few trades says what the others of its group show, and no stranger."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import redis
from conftest import StartService
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade
from service_calls import stub_of

from strategic_memory.v1 import feedback_pb2, service_pb2

pytestmark = pytest.mark.system

FILE = """
[portfolios.alpha]
evidence_group = "fx"

[portfolios.beta]
evidence_group = "fx"

[portfolios.stranger]
evidence_group = "metals"

[portfolios.young]
evidence_group = "fx"
"""


@pytest.fixture
def service(start_service: StartService, tmp_path: Path, redis_client: redis.Redis) -> ServiceProcess:
    written, random = tmp_path / "portfolios.toml", Random(5)
    written.write_text(FILE)
    with redis_client.pipeline() as pipeline:
        for name, trades, better in (("alpha", 300, 2), ("beta", 300, 2), ("stranger", 300, 0), ("young", 6, 2)):
            prefix = f"quantum:{name}"
            for _ in range(4):
                add_regime(pipeline, "BULL", 0.3, prefix=prefix, entry_id="*")
            for number in range(trades):
                pnl = random.gauss(0.5 if number % 3 == better else -0.2, 1.0)
                policy = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")[number % 3]
                add_trade(pipeline, "BULL", pnl, policy=policy, prefix=prefix)
        pipeline.execute()
    environment = {
        "STRATEGIC_MEMORY_PORTFOLIO_FILE": str(written),
        "STRATEGIC_MEMORY_RULES": "evidence",
        **PATIENT,
    }
    return start_service(env=environment)


def said(service: ServiceProcess, portfolio: str) -> feedback_pb2.Feedback:
    with stub_of(service) as stub:
        return stub.GetFeedback(service_pb2.GetFeedbackRequest(portfolio=portfolio), timeout=30).feedback


def about_group(feedback: feedback_pb2.Feedback) -> list[str]:
    return [reason.sentence for reason in feedback.reasons if reason.code == "EVIDENCE_GROUP"]


def test_what_others_of_the_group_show_is_borrowed_and_told(service: ServiceProcess) -> None:
    def told() -> feedback_pb2.Feedback | None:
        feedback = said(service, "young")
        return (
            feedback
            if any("2 other portfolios of group fx, 600 trades" in each for each in about_group(feedback))
            else None
        )

    young = eventually(told)
    assert "BORROWED" in young.evidence.cautions
    assert young.evidence.policies[2].observations == 2, "what is counted is its own"
    assert young.updated_policy == feedback_pb2.POLICY_AGGRESSIVE
    assert about_group(said(service, "stranger")) == about_group(said(service, "")) == []
    # An analysis of the memory as it is says the same.
    with stub_of(service) as stub:
        analysis = stub.Analyze(service_pb2.AnalyzeRequest(portfolio="young"), timeout=30)
    assert about_group(analysis.feedback) == about_group(young)
    of_regime = next(each for each in analysis.analysis.regimes if each.regime == "BULL")
    assert of_regime.evidence.policies == young.evidence.policies
