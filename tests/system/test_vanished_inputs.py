"""Entries that vanish take the advice with them: nobody acts upon what nothing stands behind."""

from __future__ import annotations

import redis
from conftest import StartService
from processes import eventually
from redis_inputs import add_regime
from service_calls import get_feedback
from stream_recorder import StreamRecorder

from strategic_memory.v1 import feedback_pb2

REGIMES = "quantum:stream:meta.regime"
FEEDBACK = "quantum:feedback:strategic_memory"


def test_too_few_entries_after_an_advice_withdraw_it_at_once(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    service = start_service(sync_interval_s=0.2, env={"STRATEGIC_MEMORY_VALIDITY": "3600"})
    with StreamRecorder(service.grpc_address) as stream:
        active = stream.wait_for_revision(1)
        assert active.status == feedback_pb2.FEEDBACK_STATUS_ACTIVE
        redis_client.delete(REGIMES)
        warming_up = feedback_pb2.FEEDBACK_STATUS_WARMING_UP
        eventually(lambda: stream.heartbeats and stream.heartbeats[-1].status == warming_up)
        withdrawn = get_feedback(service)
        assert (withdrawn.status, withdrawn.revision) == (warming_up, active.revision)
        assert (withdrawn.preferred_regime, withdrawn.updated_policy) == ("UNKNOWN", feedback_pb2.POLICY_CONSERVATIVE)
        assert (withdrawn.confidence_boost, withdrawn.leverage_hint) == (0.0, 1.0)
        assert redis_client.get(FEEDBACK) is None
        for _ in range(3):
            add_regime(redis_client, "BULL", 0.3)
        back = stream.wait_for_revision(active.revision + 1)
        assert back.status == feedback_pb2.FEEDBACK_STATUS_ACTIVE
        assert back.epoch == active.epoch
