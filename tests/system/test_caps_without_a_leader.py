"""A cap on leverage binds a server that only serves or stands by, whether or not anybody leads who could publish it."""

from __future__ import annotations

import pytest
import redis
from conftest import StartService
from faults.process_signals import suspended
from processes import eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback, get_json, stub_of

from strategic_memory.v1 import feedback_pb2, service_pb2

pytestmark = pytest.mark.system

LIMITS, EXPOSURE = "risk:leverage_limits", "exposure:summary"
SERVING = ("--role", "serve")
STALE, ACTIVE = feedback_pb2.FEEDBACK_STATUS_STALE, feedback_pb2.FEEDBACK_STATUS_ACTIVE


def test_where_nobody_has_ever_led(redis_client: redis.Redis, start_service: StartService) -> None:
    redis_client.set(f"quantum:{LIMITS}", '{"max_leverage_hint": 0.3}')
    service = start_service(arguments=SERVING)
    said = eventually(lambda: said if (said := get_feedback(service)).leverage_hint == 0.3 else None)
    assert (said.status, said.leverage_bound_by) == (feedback_pb2.FEEDBACK_STATUS_WARMING_UP, LIMITS)
    redis_client.delete(f"quantum:{LIMITS}")
    eventually(lambda: get_feedback(service).leverage_hint == 1.0)


@pytest.mark.parametrize("arguments", [SERVING, ()], ids=["serving", "standby"])
def test_where_the_leader_hangs(
    redis_client: redis.Redis, start_service: StartService, arguments: tuple[str, ...]
) -> None:
    for number in range(4):
        add_regime(redis_client, "BULL", 0.5)
        add_trade(redis_client, "BULL", 0.4 + 0.1 * (number % 3), policy="AGGRESSIVE")
    # Whoever stands by does not take over meanwhile.
    env = {"STRATEGIC_MEMORY_VALIDITY": "600", "STRATEGIC_MEMORY_LEASE": "300"}
    leader = start_service(sync_interval_s=200, env=env)
    before = eventually(lambda: said if (said := get_feedback(leader)).leverage_hint > 1.0 else None)
    serving = start_service(sync_interval_s=200, env=env, arguments=arguments)
    eventually(lambda: get_feedback(serving).leverage_hint == before.leverage_hint)
    # Nor does the leader wake before all has been looked at.
    with suspended(leader.pid, at_most_s=240.0):
        redis_client.set(f"quantum:{LIMITS}", '{"max_leverage_hint": 0.3}')
        said = eventually(lambda: said if (said := get_feedback(serving)).leverage_hint == 0.3 else None)
        assert (said.status, said.revision, said.leverage_bound_by) == (STALE, before.revision, LIMITS)
        # It acts by the clock, and is told at the look after that.
        eventually(lambda: any("cap not in force" in problem for problem in get_json(serving)["problems"]))
        # No fault of a producer lifts it; that it was looked at tells the other cap.
        redis_client.mset({f"quantum:{LIMITS}": "null", f"quantum:{EXPOSURE}": '{"max_leverage_hint": 0.2}'})
        eventually(lambda: get_feedback(serving).leverage_hint == 0.2)
        redis_client.delete(f"quantum:{EXPOSURE}")
        said = eventually(lambda: said if (said := get_feedback(serving)).leverage_hint != 0.2 else None)
        assert (said.status, said.leverage_hint, said.leverage_bound_by) == (STALE, 0.3, LIMITS)
        with stub_of(serving) as stub:
            assert stub.Analyze(service_pb2.AnalyzeRequest(), timeout=30).feedback.leverage_hint == 0.3
        redis_client.set(f"quantum:{LIMITS}", '{"max_leverage_hint": 0.3}')
    said = eventually(lambda: said if (said := get_feedback(serving)).status == ACTIVE else None)
    assert (said.revision, said.leverage_hint) == (before.revision + 1, 0.3)
