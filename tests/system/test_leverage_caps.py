"""A cap on leverage holds: whatever its producer writes, in every status, on every server and in the client library."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import redis
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback, get_json, get_text

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client import FeedbackStatus, StrategicMemoryClient

EXPOSURE, LIMITS = "exposure:summary", "risk:leverage_limits"
KEY = "quantum:feedback:strategic_memory"
ACTIVE, STALE = feedback_pb2.FEEDBACK_STATUS_ACTIVE, feedback_pb2.FEEDBACK_STATUS_STALE
WARMING_UP = feedback_pb2.FEEDBACK_STATUS_WARMING_UP


def write(client: redis.Redis, source: str, value: object) -> None:
    client.set(f"quantum:{source}", value if isinstance(value, str) else json.dumps(value))


def fill(client: redis.Redis, trades: int = 4) -> None:
    """BULL pays, under either rules: a leverage well above 1 without a cap."""
    for number in range(trades):
        add_regime(client, "BULL", 0.5)
        add_trade(client, "BULL", 0.4 + 0.1 * (number % 3), policy="AGGRESSIVE")


def leverage(service: ServiceProcess, above: float | None = None, *, at: float | None = None) -> feedback_pb2.Feedback:
    """Wait until the leverage is as it is to be in what is published.

    A server that knows of a lower cap and has not heard that it is published says the safe values under it, as stale.
    """

    def found() -> feedback_pb2.Feedback | None:
        said = get_feedback(service)
        fits = said.leverage_hint == at if above is None else said.leverage_hint > above
        return said if fits and said.status != STALE else None

    return eventually(found, what=f"leverage {'above ' + str(above) if above is not None else at}")


def problems(service: ServiceProcess) -> str:
    return "\n".join(get_json(service)["problems"])


def wait_for_problem(service: ServiceProcess, name: str) -> str:
    return eventually(lambda: told if name in (told := problems(service)) else None, what=name)


def wait_for_newest(client: StrategicMemoryClient, leverage_hint: float) -> None:
    eventually(lambda: client.newest.leverage_hint == leverage_hint, what=f"leverage {leverage_hint}")


@pytest.mark.parametrize("rules", ["reference", "evidence"])
def test_no_producer_lifts_a_cap_and_only_deleting_it_does(
    rules: str, start_service: StartService, redis_client: redis.Redis
) -> None:
    fill(redis_client, 40)
    # An advice that turns stale because a sync comes late, on a busy machine, is another revision when it is back.
    env = {"STRATEGIC_MEMORY_RULES": rules, "STRATEGIC_MEMORY_VALIDITY": "60"}
    service = start_service(sync_interval_s=0.1, env=env)
    # Until all trades are remembered, a revision may come of the next ones.
    eventually(lambda: get_json(service)["metrics"]["sync"]["trades_remembered"] == 40)
    free = leverage(service, above=1.2).leverage_hint
    for source, problem in ((EXPOSURE, "exposure cap"), (LIMITS, "leverage limits cap")):
        write(redis_client, source, {"max_leverage_hint": 0.5, "gross": 2})
        said = leverage(service, at=0.5)
        assert (said.leverage_bound_by, said.current.leverage_bound_by) == (source, source)
        assert (said.current.leverage_hint, said.evidence.leverage_hint) == (0.5, 0.5)
        (reason,) = (reason.sentence for reason in said.reasons if reason.code == "LEVERAGE_CAPPED")
        assert f"The limit max_leverage_hint = 0.5 of {source}, in force since " in reason
        faults = ("{", '{"max_leverage_hint": null}', '{"max_leverage_hint": true}', "[]", '{"max_leverage_hint": -1}')
        for fault in faults:
            write(redis_client, source, fault)
            wait_for_problem(service, f"{problem} unreadable")
            after = get_feedback(service)
            assert (after.revision, after.leverage_hint) == (said.revision, 0.5), fault
            write(redis_client, source, {"max_leverage_hint": "0.5"})
            eventually(lambda: "unreadable" not in problems(service))
        assert get_feedback(service).revision == said.revision
        rejected = get_json(service)["metrics"]["inputs"][source]["rejected_total"]
        assert sum(rejected.values()) == len(faults)
        write(redis_client, source, {"max_leverage_hnit": 0.5})
        assert leverage(service, above=1.2).leverage_hint == free
        said_so = wait_for_problem(service, f"{problem} lifted")
        assert "'max_leverage_hnit': is that misspelt?" in said_so
        redis_client.delete(f"quantum:{source}")


def test_a_lowered_cap_acts_within_2_s_whatever_the_interval(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    fill(redis_client)
    env = {"STRATEGIC_MEMORY_SYNC_MODE": "periodic", "STRATEGIC_MEMORY_VALIDITY": "600"}
    periodic = start_service(sync_interval_s=300, env=env)
    leverage(periodic, above=1.2)
    with StrategicMemoryClient(periodic.grpc_address) as client:
        client.follow()
        client.wait_for_newest()
        for source, cap in ((LIMITS, 0.9), (EXPOSURE, 0.4), (LIMITS, 0.2)):
            write(redis_client, source, {"max_leverage_hint": cap})
            wait_for_newest(client, cap)
    redis_client.delete(f"quantum:{LIMITS}")
    leverage(periodic, at=0.4)


def test_a_cap_holds_in_every_status_and_through_a_change_of_leader(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    began_s = int(time.time())
    write(redis_client, EXPOSURE, {"max_leverage_hint": 0.3})
    serving = start_service(sync_interval_s=0.1, env={"STRATEGIC_MEMORY_ROLE": "serve"})
    # Long enough that the advice turns stale by itself nowhere below, also on a machine that has much else to do.
    env = {"STRATEGIC_MEMORY_VALIDITY": "5", "STRATEGIC_MEMORY_LEASE": "1"}
    first = start_service(sync_interval_s=0.1, env=env)
    for service in (serving, first):
        check_everywhere(service, leverage(service, at=0.3), WARMING_UP, began_s)
    with StrategicMemoryClient(serving.grpc_address) as client:
        client.follow()
        assert client.wait_for_newest().leverage_hint == 0.3
        # Nothing is published, and so nothing is a revision: a heartbeat tells.
        write(redis_client, EXPOSURE, {"max_leverage_hint": 0.25})
        wait_for_newest(client, 0.25)
        assert client.newest.status is FeedbackStatus.WARMING_UP
        write(redis_client, EXPOSURE, {"max_leverage_hint": 0.3})
        wait_for_newest(client, 0.3)
        # Unreadable when the leader dies: the next one has never read the cap.
        write(redis_client, EXPOSURE, "null")
        first.kill()
        second = start_service(sync_interval_s=0.1, env=env)
        wait_for_problem(second, "exposure cap unreadable")
        # It knows the cap from the log, which it reads beside the sync that has found the problem.
        check_everywhere(second, leverage(second, at=0.3), WARMING_UP, began_s)
        fill(redis_client)
        for service in (serving, second):
            check_everywhere(service, wait_for_status(service, ACTIVE), ACTIVE, began_s)
        eventually(lambda: client.newest.status is FeedbackStatus.ACTIVE)
        assert client.newest.leverage_hint == 0.3
        second.kill()
        check_everywhere(serving, wait_for_status(serving, STALE), STALE, began_s)
        eventually(lambda: key_says(redis_client)["status"] == "STALE")
        assert key_says(redis_client)["leverage_hint"] == 0.3
        eventually(lambda: client.newest.status is FeedbackStatus.STALE)
        assert client.newest.leverage_hint == 0.3
        third = start_service(sync_interval_s=0.1, env=env)
        check_everywhere(third, wait_for_status(third, ACTIVE), ACTIVE, began_s)
        redis_client.delete(f"quantum:{EXPOSURE}")
        leverage(third, above=1.2)
        # The entries go, and so does the advice; a cap of 0 holds all the same.
        write(redis_client, LIMITS, {"max_leverage_hint": 0})
        leverage(third, at=0.0)
        redis_client.delete("quantum:stream:meta.regime", "quantum:stream:trade.results")
        gone = wait_for_status(third, WARMING_UP)
        assert (gone.leverage_hint, gone.leverage_bound_by) == (0.0, LIMITS)
        eventually(lambda: client.newest.status is FeedbackStatus.STALE)
        assert client.newest.leverage_hint == 0.0


def wait_for_status(service: ServiceProcess, status: feedback_pb2.FeedbackStatus.ValueType) -> feedback_pb2.Feedback:
    return eventually(lambda: said if (said := get_feedback(service)).status == status else None)


def key_says(client: redis.Redis) -> dict[str, Any]:
    stored: Any = client.get(KEY)
    document: dict[str, Any] = json.loads(stored or '{"status": ""}')
    return document


def check_everywhere(
    service: ServiceProcess,
    said: feedback_pb2.Feedback,
    status: feedback_pb2.FeedbackStatus.ValueType,
    began_s: int,
) -> None:
    """Look at all that a server says of a cap of 0.3 by the exposure, which was written after `began_s`."""
    assert (said.status, said.leverage_hint, said.leverage_bound_by) == (status, 0.3, EXPOSURE)
    assert [(cap.source, cap.value) for cap in said.leverage_caps] == [(EXPOSURE, 0.3)]
    assert began_s <= said.leverage_caps[0].since.seconds <= time.time()
    assert any("in force since" in reason.sentence for reason in said.reasons)
    metrics = get_text(service, "/metrics")
    assert "strategic_memory_leverage_hint 0.3" in metrics
    assert f'strategic_memory_leverage_cap{{source="{EXPOSURE}"}} 0.3' in metrics
    health = get_json(service)["metrics"]
    assert health["strategic_memory"]["leverage_hint"] == 0.3
    assert health["feedback"]["leverage_caps"][0]["value"] == 0.3
    with StrategicMemoryClient(service.grpc_address) as client:
        analyzed = client.analyze().feedback
        assert (analyzed.leverage_hint, analyzed.leverage_bound_by) == (0.3, EXPOSURE)
        beside = [part.leverage_hint for part in (analyzed.current, analyzed.evidence) if part]
        assert all(hint <= 0.3 for hint in beside)
