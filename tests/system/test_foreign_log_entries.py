"""Somebody else writes into the feedback log, or deletes parts of it: the service says so and goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_json, get_text
from stream_recorder import StreamRecorder

from strategic_memory.v1 import feedback_pb2

LOG = "quantum:stream:strategic_feedback"
STATE = "quantum:feedback:strategic_memory:state"

LASTING = {"STRATEGIC_MEMORY_VALIDITY": "60"}
"""An advice that turns stale because a sync comes late, on a busy machine, is another revision when it is back."""


def test_a_foreign_entry_starts_another_epoch_above_it(start_service: StartService, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    service = start_service(sync_interval_s=0.1, env=LASTING)
    before = eventually(lambda: feedback if (feedback := get_feedback(service)).revision else None)
    # At once: a cycle in between would say what there was before in the other epoch, and be a revision of it. One that
    # has read already may still do so.
    with redis_client.pipeline(transaction=True) as together:
        together.xadd(LOG, {"hello": "by hand"})
        add_regime(together, "RANGE", 0.9)
        foreign, _ = together.execute()
    after = eventually(lambda: found if (found := get_feedback(service)).preferred_regime == "RANGE" else None)
    assert after.epoch != before.epoch
    assert isinstance(foreign, bytes)
    above = int(foreign.split(b"-")[0])
    assert above < after.revision <= above + 2
    said: Any = redis_client.xrange(LOG, min=f"{above + 1}-0")
    assert [int(entry_id.split(b"-")[0]) for entry_id, _ in said] == list(range(above + 1, after.revision + 1))
    assert {fields[b"epoch"].decode() for _, fields in said} == {after.epoch}
    assert "Feedback log entry is not readable" in [line["event"] for line in service.log_lines()]


def served_in_another_epoch(service: ServiceProcess, epoch: str) -> feedback_pb2.Feedback | None:
    """What is published in it; between its beginning and that, safe values stand."""
    found = get_feedback(service)
    return found if found.epoch != epoch and found.revision else None


@pytest.mark.parametrize("leverage_hint", [50.0, 2.0])
def test_an_entry_that_looks_like_one_of_ours_is_another_epoch_at_once_and_told(
    start_service: StartService, redis_client: redis.Redis, leverage_hint: float
) -> None:
    """Also where the next sync is five minutes away. One that the contract does not allow is never served."""
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    leader = start_service(sync_interval_s=300)
    other = start_service(sync_interval_s=300, arguments=("--role", "serve"))
    before = eventually(lambda: feedback if (feedback := get_feedback(other)).revision else None)
    entries: Any = redis_client.xrevrange(LOG, count=1)
    document = json.loads(entries[0][1][b"feedback"])
    document |= {"revision": before.revision + 1, "leverage_hint": leverage_hint, "updated_policy": "AGGRESSIVE"}
    forged = {"revision": f"{before.revision + 1}", "epoch": before.epoch, "feedback": json.dumps(document)}
    with StreamRecorder(other.grpc_address) as stream:
        redis_client.xadd(LOG, dict(forged.items()), id=f"{before.revision + 1}-0")
        after = eventually(lambda: served_in_another_epoch(other, before.epoch))
        assert after.revision == before.revision + 2
        assert after.leverage_hint == before.leverage_hint
        if leverage_hint == 50.0:
            assert all(one.leverage_hint < 2.0 for one in stream.feedbacks)
    assert any(line.startswith("feedback log foreign: ") for line in get_json(leader)["problems"])
    if leverage_hint == 50.0:
        assert any("leverage_hint is 50.0" in line for line in get_json(other)["problems"])


def test_a_data_set_that_is_set_back_is_another_epoch_and_told(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    service = start_service(sync_interval_s=0.1, env=LASTING)

    def preferred(regime: str) -> feedback_pb2.Feedback:
        return eventually(lambda: one if (one := get_feedback(service)).preferred_regime == regime else None)

    said = []
    for regime in ("BULL", "RANGE"):
        for _ in range(3):
            add_regime(redis_client, regime, 0.3)
        said.append(preferred(regime))
        redis_client.swapdb(0, 1)
    before, after = said[-1], preferred("BULL")
    assert after.revision > before.revision
    assert after.epoch != before.epoch
    key: Any = redis_client.get("quantum:feedback:strategic_memory")
    assert json.loads(key)["preferred_regime"] == "BULL"
    assert any(line.startswith("feedback log replaced: ") for line in get_json(service)["problems"])
    assert 'strategic_memory_problem{problem="feedback_log_replaced"} 1.0' in get_text(service, "/metrics")


def test_a_deleted_log_leaves_the_revision(start_service: StartService, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    service = start_service(sync_interval_s=0.1, env=LASTING)
    with StreamRecorder(service.grpc_address) as stream:
        before = stream.wait_for_revision(1)
        redis_client.delete(LOG)
        add_regime(redis_client, "RANGE", 0.9)
        after = stream.wait_for_revision(before.revision + 1)
        assert (after.epoch, after.revision) == (before.epoch, before.revision + 1)


def test_a_deleted_state_goes_on_above_the_log_in_another_epoch(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    service = start_service(sync_interval_s=0.1, env=LASTING)
    before = eventually(lambda: feedback if (feedback := get_feedback(service)).revision else None)
    redis_client.delete(STATE)
    after = eventually(lambda: found if (found := get_feedback(service)).revision > before.revision else None)
    assert after.epoch != before.epoch
    assert after.preferred_regime == before.preferred_regime
