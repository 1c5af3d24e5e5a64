"""Real servers with hysteresis and a shadow: what is said by gRPC, and that both go on after the leader was killed."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from conftest import StartService
from google.protobuf.timestamp_pb2 import Timestamp
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade, read_stream
from service_calls import get_feedback, get_json, get_text, stub_of

from strategic_memory.v1 import feedback_pb2, memory_pb2, service_pb2
from strategic_memory.v1.analysis_pb2 import AnalysisSettings as Settings
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = [pytest.mark.system, pytest.mark.least_user]

ENVIRONMENT = {
    **PATIENT,
    "STRATEGIC_MEMORY_HYSTERESIS_RESULTS": "2",
    "STRATEGIC_MEMORY_SHADOW_HYSTERESIS_RESULTS": "3",
    "STRATEGIC_MEMORY_LEASE": "1",
    "STRATEGIC_MEMORY_VALIDITY": "60",
}
SHADOW = LogKeys.of_shadow("quantum")


def health(service: ServiceProcess) -> dict[str, Any]:
    found: dict[str, Any] = get_json(service)["metrics"]
    return found


def policy(service: ServiceProcess) -> str:
    return feedback_pb2.Policy.Name(get_feedback(service).updated_policy).removeprefix("POLICY_")


def waits(service: ServiceProcess) -> list[str]:
    """The codes of the reasons why another advice than the present one waits."""
    return [reason.code for reason in get_feedback(service).reasons if reason.code.endswith("_WAITS")]


def analysed(service: ServiceProcess, settings: Settings) -> str:
    """The policy that an analysis of the stored memory advises under other settings."""
    with stub_of(service) as stub:
        asked = service_pb2.AnalyzeRequest(stored=memory_pb2.StoredMemory(), settings=settings)
        found = stub.Analyze(asked, timeout=30).feedback
    return feedback_pb2.Policy.Name(found.updated_policy).removeprefix("POLICY_")


def shadowed(client: redis.Redis) -> str | None:
    raw: Any = client.get(SHADOW.feedback)
    return None if raw is None else str(json.loads(raw)["updated_policy"])


def test_a_wait_and_the_shadow_go_on_after_the_leader_was_killed(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    first = start_service(env=ENVIRONMENT)
    for _ in range(5):
        add_regime(redis_client, "BULL", 0.3)
    # While nothing is advised the policy is that one too; what waits is said with advice alone.
    eventually(
        lambda: waits(first) == ["POLICY_WAITS", "LEVERAGE_WAITS", "CURRENT_POLICY_WAITS", "CURRENT_LEVERAGE_WAITS"]
    )
    eventually(lambda: policy(first) == "CONSERVATIVE" and shadowed(redis_client) == "CONSERVATIVE")
    assert set(health(first)["feedback"]["waiting"]) > {"preferred_policy", "current_leverage"}
    eventually(lambda: health(first).get("shadow", {}).get("differs") is False)
    assert analysed(first, Settings()) == "CONSERVATIVE"
    assert analysed(first, Settings(hysteresis_results=0)) == "AGGRESSIVE"
    assert analysed(first, Settings(as_of=Timestamp(seconds=4_000_000_000))) == "AGGRESSIVE", "nothing was said before"
    add_trade(redis_client, "BULL", 0.3)
    second = start_service(env=ENVIRONMENT)
    first.kill()
    add_trade(redis_client, "BULL", 0.3)
    eventually(lambda: policy(second) == "AGGRESSIVE")
    eventually(lambda: health(second).get("shadow", {}).get("differs") is True)
    assert shadowed(redis_client) == "CONSERVATIVE"
    # A lease that ends while the machine stands still takes what the shadow says out until the next sync.
    eventually(lambda: "strategic_memory_shadow_differs 1.0" in get_text(second, "/metrics"))
    add_trade(redis_client, "BULL", 0.3)
    eventually(lambda: shadowed(redis_client) == "AGGRESSIVE")
    epochs = {json.loads(fields[b"feedback"])["epoch"] for _, fields in read_stream(redis_client, SHADOW.log)}
    assert len(epochs) == 1
