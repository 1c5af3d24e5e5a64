"""Several servers on one Redis: one publishes, all serve, and another takes over when that one goes."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import redis
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_json

from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = [pytest.mark.system, pytest.mark.least_user]

KEYS = LogKeys.under("quantum")
LEASE_S = 5.0
"""So long that a leader which stands still for a while, on a busy machine, leads on."""

ENVIRONMENT = {"STRATEGIC_MEMORY_LEASE": str(LEASE_S)}


def replication(service: ServiceProcess) -> dict[str, Any]:
    found: dict[str, Any] = get_json(service)["metrics"]["replication"]
    return found


def leads(service: ServiceProcess) -> bool:
    return bool(replication(service)["role"] == "leader")


def make_revision(client: redis.Redis, *services: ServiceProcess) -> int:
    """Add entries that change the advice, all at once, until every one of these servers has it; its revision."""
    before = revision_in(client)
    with client.pipeline() as pipeline:
        for value in (0.01 * (before + 1), 0.3, 0.3):
            add_regime(pipeline, "BULL", value, entry_id="*")
        pipeline.execute()
    after = eventually(lambda: found if (found := revision_in(client)) > before else None)
    eventually(lambda: all(get_feedback(service).revision >= after for service in services))
    return after


def revision_in(client: redis.Redis) -> int:
    found: Any = client.hget(KEYS.state, "revision")
    return int(found or 0)


def fencing_token_in(client: redis.Redis) -> int:
    found: Any = client.hget(KEYS.state, "fencing_token")
    return int(found)


@pytest.fixture
def pair(start_service: StartService, redis_client: redis.Redis) -> tuple[ServiceProcess, ServiceProcess]:
    """The leader and the one that stands by."""
    first = start_service(sync_interval_s=300, env=ENVIRONMENT)
    eventually(lambda: leads(first))
    second = start_service(sync_interval_s=300, env=ENVIRONMENT)
    eventually(lambda: replication(second)["leader"] == replication(first)["server"])
    return first, second


def test_one_publishes_and_both_serve(pair: tuple[ServiceProcess, ServiceProcess], redis_client: redis.Redis) -> None:
    leader, standby = pair
    revision = make_revision(redis_client, *pair)
    first, second = get_feedback(leader), get_feedback(standby)
    assert first == second
    assert first.revision == revision
    assert replication(standby)["role"] == "standby"
    assert replication(standby)["fencing_token"] is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_another_takes_over(
    number: signal.Signals, pair: tuple[ServiceProcess, ServiceProcess], redis_client: redis.Redis
) -> None:
    leader, standby = pair
    before = make_revision(redis_client, *pair)
    token = fencing_token_in(redis_client)
    leader.send_signal(number)
    eventually(lambda: leads(standby))
    assert make_revision(redis_client, standby) > before
    assert fencing_token_in(redis_client) > token
    epoch = get_feedback(standby).epoch
    if number == signal.SIGSTOP:
        leader.send_signal(signal.SIGCONT)
        # It wakes up in the belief to lead, with entries to publish that are news to it.
        eventually(lambda: replication(leader)["role"] == "standby")
        assert make_revision(redis_client, *pair) > before
        assert get_feedback(leader) == get_feedback(standby)
        assert leads(standby)
        assert fencing_token_in(redis_client) == token + 1
    assert get_feedback(standby).epoch == epoch


def test_a_server_that_serves_alone_never_leads(start_service: StartService, redis_client: redis.Redis) -> None:
    serving = start_service(arguments=("--role", "serve"))
    assert replication(serving) == {
        "role": "serve",
        "server": replication(serving)["server"],
        "leader": None,
        "fencing_token": None,
    }
    syncing = start_service(sync_interval_s=300, env=ENVIRONMENT)
    revision = make_revision(redis_client, serving, syncing)
    syncing.kill()
    add_regime(redis_client, "BEAR", 9.0, entry_id="*")
    eventually(lambda: not redis_client.exists(KEYS.lease))
    assert get_feedback(serving).revision == revision == revision_in(redis_client)
