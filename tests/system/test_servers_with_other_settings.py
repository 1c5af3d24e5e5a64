"""Servers with different settings on one Redis: told on both, and the advice does not flip when the leader goes."""

from __future__ import annotations

from functools import partial

import pytest
import redis
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback, get_json, get_text

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = [pytest.mark.system, pytest.mark.least_user]

KEYS = LogKeys.under("quantum")
# Of half a second, one runs out while a server is at its first sync on a busy machine, and another one leads.
LEASE = {"STRATEGIC_MEMORY_LEASE": "3"}
OTHER = {**LEASE, "STRATEGIC_MEMORY_EVIDENCE_DECAY": "0.9", "STRATEGIC_MEMORY_MINIMUM_POLICY_TRADES": "5"}


def role(service: ServiceProcess) -> str:
    return str(get_json(service)["metrics"]["replication"]["role"])


def told(service: ServiceProcess) -> str:
    return "; ".join(each for each in get_json(service)["problems"] if each.startswith("settings differ"))


def is_counted(service: ServiceProcess) -> bool:
    return 'strategic_memory_problem{problem="settings_differ"} 1.0' in get_text(service, "/metrics")


def tells_nothing(service: ServiceProcess) -> bool:
    return not told(service)


def has_status(service: ServiceProcess, status: feedback_pb2.FeedbackStatus.ValueType) -> bool:
    return get_feedback(service).status == status


def test_a_standby_with_other_settings_says_so_and_stands_back(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    for _ in range(4):
        add_regime(redis_client, pnl=0.3)
    leader = start_service(env=LEASE)
    eventually(lambda: redis_client.hget(KEYS.state, "settings"))
    standby = start_service(env=OTHER)
    for service, words in ((standby, "is 0.998 there and 0.9 here"), (leader, "is 0.9 there and 0.998 here")):
        problem = eventually(partial(told, service))
        assert f"STRATEGIC_MEMORY_EVIDENCE_DECAY {words}" in problem
        assert "STRATEGIC_MEMORY_MINIMUM_POLICY_TRADES" in problem
        # A leader that stood still, or has not heard of the other one for that long, says so again a moment later.
        eventually(partial(is_counted, service))
    eventually(lambda: "other settings" in get_json(standby)["metrics"]["sync"]["explanation"])
    leader.kill()
    eventually(lambda: has_status(standby, feedback_pb2.FEEDBACK_STATUS_STALE))
    eventually(lambda: not redis_client.exists(KEYS.lease))
    assert (role(standby), bool(told(standby))) == ("standby", True)

    # Nobody with the settings of the log is there, which a server that is started now finds out.
    deliberate = start_service(env=OTHER)
    eventually(lambda: role(deliberate) == "leader")
    eventually(lambda: has_status(standby, feedback_pb2.FEEDBACK_STATUS_ACTIVE))
    for service in (deliberate, standby):
        eventually(partial(tells_nothing, service))
    deliberate.kill()
    eventually(lambda: role(standby) == "leader")


def test_a_server_that_was_told_to_leads_anyway_and_the_memory_of_the_others_is_kept(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    for _ in range(40):
        add_trade(redis_client)
    leader = start_service(env=LEASE)
    eventually(lambda: remembered(leader) == 40)
    # What the long memory has, the stream need not hold any more.
    redis_client.xtrim("quantum:stream:trade.results", maxlen=5, approximate=False)
    other = start_service(env=OTHER, arguments=("--lead-anyway",))
    eventually(lambda: told(leader))
    leader.kill()
    eventually(lambda: role(other) == "leader" and remembered(other) == 5)
    add_trade(redis_client)
    eventually(lambda: remembered(other) == 6)
    other.terminate()
    again = start_service(env={**LEASE, "STRATEGIC_MEMORY_LEAD_ANYWAY": "on"})
    eventually(lambda: role(again) == "leader" and remembered(again) == 41)


def remembered(service: ServiceProcess) -> int:
    return int(get_json(service)["metrics"]["sync"]["trades_remembered"])
