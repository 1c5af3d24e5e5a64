"""Somebody else writes into the feedback log, or deletes parts of it: the service says so and goes on."""

from __future__ import annotations

import redis
from conftest import StartService
from processes import eventually
from redis_inputs import add_regime
from service_calls import get_feedback
from stream_recorder import StreamRecorder

LOG = "quantum:stream:strategic_feedback"
STATE = "quantum:feedback:strategic_memory:state"


def test_a_foreign_entry_starts_another_epoch_above_it(start_service: StartService, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    service = start_service(sync_interval_s=0.1)
    before = eventually(lambda: feedback if (feedback := get_feedback(service)).revision else None)
    foreign = redis_client.xadd(LOG, {"hello": "by hand"})
    add_regime(redis_client, "RANGE", 0.9)
    after = eventually(lambda: found if (found := get_feedback(service)).preferred_regime == "RANGE" else None)
    assert after.epoch != before.epoch
    assert isinstance(foreign, bytes)
    assert after.revision == int(foreign.split(b"-")[0]) + 1
    assert "Feedback log entry is not readable" in [line["event"] for line in service.log_lines()]


def test_a_deleted_log_leaves_the_revision(start_service: StartService, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    service = start_service(sync_interval_s=0.1)
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
    service = start_service(sync_interval_s=0.1)
    before = eventually(lambda: feedback if (feedback := get_feedback(service)).revision else None)
    redis_client.delete(STATE)
    after = eventually(lambda: found if (found := get_feedback(service)).revision > before.revision else None)
    assert after.epoch != before.epoch
    assert after.preferred_regime == before.preferred_regime
