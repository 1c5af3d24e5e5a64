"""The evidence with change on a real service: live, through restarts and another version, and for one request."""

from __future__ import annotations

import json
from functools import partial
from random import Random
from typing import Any

import pytest
import redis
from click.testing import CliRunner
from conftest import StartService
from patient_redis import PATIENT
from previous_version import previous_pythonpath, why_not_there
from processes import ServiceProcess, do_without, eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback, get_json

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client import AnalysisSettings, ClientOptions, Rules, StrategicMemoryClient
from strategic_memory_client import EvidenceSettings as ClientEvidence
from strategic_memory_server.cli.commands import app
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed, updated
from strategic_memory_server.evidence.view import view_of
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = pytest.mark.system

ON = {"STRATEGIC_MEMORY_EVIDENCE_CHANGE": "on", "STRATEGIC_MEMORY_RULES": "evidence"}
EVIDENCE = "quantum:feedback:strategic_memory:evidence"
Trades = list[tuple[Policy, float]]


def drawn(count: int, means: tuple[float, float, float], seed: int) -> Trades:
    source = Random(seed)
    return [(Policy(number % 3), round(source.gauss(means[number % 3], 0.5), 6)) for number in range(count)]


def write(client: redis.Redis, trades: Trades) -> None:
    add_regime(client, pnl=0.1)
    for policy, pnl in trades:
        add_trade(client, "BULL", pnl, policy=policy.name)


def summed(trades: Trades) -> EvidenceSums:
    sums = nothing_summed(EvidenceSettings().decay, change=True)
    for policy, pnl in trades:
        sums = updated(sums, "BULL", policy, pnl)
    return sums


def remembered(service: ServiceProcess) -> int:
    return int(get_json(service)["metrics"]["sync"]["trades_remembered"])


def probabilities(trades: Trades, *, change: bool) -> list[float]:
    sums, settings = summed(trades), EvidenceSettings(change=change)
    view = view_of(estimate(sums, ["BULL"], settings).regimes[0], sums.observations)
    return [policy.probability_best for policy in view.policies]


def said(feedback: feedback_pb2.Feedback) -> list[float]:
    return [policy.probability_best for policy in feedback.evidence.policies]


def has_counted(service: ServiceProcess, trades: Trades) -> bool:
    return remembered(service) == len(trades) and get_feedback(service).evidence.observations == len(trades)


def test_it_is_said_live_and_lasts_through_a_restart(start_service: StartService, redis_client: redis.Redis) -> None:
    before, after = drawn(240, (-0.2, 0.0, 0.3), 1), drawn(90, (0.3, 0.0, -0.3), 2)
    write(redis_client, before)
    service = start_service(env=ON)
    eventually(lambda: has_counted(service, before))
    write(redis_client, after)
    eventually(lambda: has_counted(service, before + after))
    feedback = get_feedback(service)
    assert feedback.version == "evidence-change-1.3.0"
    assert said(feedback) == pytest.approx(probabilities(before + after, change=True), abs=1e-4)
    assert said(feedback) != pytest.approx(probabilities(before + after, change=False), abs=1e-2)
    service.kill()
    redis_client.xtrim("quantum:stream:trade.results", maxlen=10, approximate=False)
    again = start_service(env=ON)
    more = drawn(15, (0.3, 0.0, -0.3), 3)
    write(redis_client, more)
    eventually(lambda: has_counted(again, before + after + more))
    assert said(get_feedback(again)) == pytest.approx(probabilities(before + after + more, change=True), abs=1e-4)
    # It is computed again from what Redis holds.
    revision = get_feedback(again).revision
    command = ["reproduce", "--revision", str(revision), "--redis-url", url_of(redis_client)]
    done = CliRunner(env=PATIENT).invoke(app, command, env={**ON, "REDIS_URL": url_of(redis_client)})
    assert done.exit_code == 0, done.output


def url_of(client: redis.Redis) -> str:
    place = client.connection_pool.connection_kwargs
    return f"redis://{place['host']}:{place['port']}/0"


def test_an_older_version_and_this_one_lead_in_turn(start_service: StartService, redis_client: redis.Redis) -> None:
    if why := why_not_there():
        do_without("previous", why)
    older = {"PYTHONPATH": previous_pythonpath()}
    anyway = {**ON, "STRATEGIC_MEMORY_LEAD_ANYWAY": "on"}
    trades: Trades = []
    for turn in range(4):
        trades += drawn(60, ((-0.2, 0.0, 0.3), (0.3, 0.0, -0.3))[turn // 2], turn)
        write(redis_client, trades[-60:])
        service = start_service(env=anyway if turn % 2 else older)
        eventually(partial(has_counted, service, list(trades)))
        if turn % 2:
            assert said(get_feedback(service)) == pytest.approx(probabilities(trades, change=True), abs=1e-4)
        blocks = json.loads(redis_client.hget(EVIDENCE, "sums") or b"{}").get("blocks")
        assert (blocks is not None) == (turn % 2 == 1)
        service.terminate()
        assert service.wait() == 0


def test_one_request_asks_for_it_and_one_does_not(start_service: StartService, redis_client: redis.Redis) -> None:
    trades = drawn(180, (-0.2, 0.0, 0.3), 7) + drawn(90, (0.3, 0.0, -0.3), 8)
    write(redis_client, trades)
    for environment in ({}, ON):
        service = start_service(env={**environment, "STRATEGIC_MEMORY_LEAD_ANYWAY": "on"})
        eventually(partial(has_counted, service, trades))
        with StrategicMemoryClient(service.grpc_address, options=ClientOptions(timeout_s=30.0)) as client:
            for change in (True, False):
                asked = AnalysisSettings(rules=Rules.EVIDENCE, evidence=ClientEvidence(change=change))
                feedback = client.analyze(settings=asked).feedback
                assert feedback.version == ("evidence-change-1.3.0" if change else "evidence-1.0.0")
                found = [policy.probability_best for policy in feedback.evidence.policies] if feedback.evidence else []
                assert found == pytest.approx(probabilities(trades, change=change), abs=1e-4)
        service.kill()


def test_a_shadow_looks_for_change_beside_a_service_that_does_not(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    trades = drawn(180, (-0.2, 0.0, 0.3), 9) + drawn(90, (0.3, 0.0, -0.3), 10)
    write(redis_client, trades)
    by_evidence = {"STRATEGIC_MEMORY_RULES": "evidence"}
    service = start_service(env={**by_evidence, "STRATEGIC_MEMORY_SHADOW_EVIDENCE_CHANGE": "on"})
    eventually(lambda: has_counted(service, trades))
    feedback = get_feedback(service)
    assert feedback.version == "evidence-1.0.0"
    assert said(feedback) == pytest.approx(probabilities(trades, change=False), abs=1e-4)

    def shadow() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(redis_client.get(LogKeys.of_shadow("quantum").feedback) or b"{}")
        return found

    eventually(lambda: shadow().get("evidence", {}).get("observations") == len(trades))
    assert shadow()["version"] == "evidence-change-1.3.0"
    found = [policy["probability_best"] for policy in shadow()["evidence"]["policies"]]
    assert found == pytest.approx(probabilities(trades, change=True), abs=1e-4)
    # What the service itself says rests on no blocks, and is computed again without them.
    command = ["reproduce", "--revision", str(feedback.revision), "--redis-url", url_of(redis_client)]
    done = CliRunner(env=PATIENT).invoke(app, command, env={**by_evidence, "REDIS_URL": url_of(redis_client)})
    assert done.exit_code == 0, done.output
