"""Advice has an age: after its validity the service answers STALE with the safe values, and recovers by itself."""

from __future__ import annotations

import redis
from conftest import StartService
from google.protobuf.duration_pb2 import Duration
from processes import eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_json
from stream_recorder import StreamRecorder

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


def test_a_feedback_turns_stale_without_redis_and_comes_back_as_a_new_revision(
    start_service: StartService, fresh_redis: EmbeddedRedis
) -> None:
    # Before Redis is gone, it does not turn stale by itself on a machine that has much else to do.
    service = start_service(fresh_redis.url, sync_interval_s=0.1, env={"STRATEGIC_MEMORY_VALIDITY": "5"})
    request = service_pb2.StreamFeedbackRequest(heartbeat_interval=Duration(seconds=60))
    with StreamRecorder(service.grpc_address, request) as stream:
        with redis.Redis.from_url(fresh_redis.url) as client:
            for _ in range(3):
                add_regime(client, "BULL", 0.3)
        active = stream.wait_for_revision(1)
        active = eventually(
            lambda: stream.feedbacks[-1] if stream.feedbacks[-1].regime_performance.sample_count == 3 else None
        )
        assert active.updated_policy == feedback_pb2.POLICY_AGGRESSIVE
        fresh_redis.kill()
        # The last one counts: this process may stand still for the validity before it looks at what has come.
        beat = eventually(
            lambda: next(
                (beat for beat in stream.heartbeats[-1:] if beat.status == feedback_pb2.FEEDBACK_STATUS_STALE), None
            ),
            what="a heartbeat tells that the validity has passed",
        )
        assert beat.revision == active.revision
        stale = get_feedback(service)
        assert (stale.status, stale.revision) == (feedback_pb2.FEEDBACK_STATUS_STALE, active.revision)
        assert stale.updated_policy == feedback_pb2.POLICY_CONSERVATIVE
        assert (stale.confidence_boost, stale.leverage_hint) == (0.0, 1.0)
        assert stale.reasons[0].code == "VALIDITY_PASSED"
        health = get_json(service)["metrics"]["strategic_memory"]
        assert (health["status"], health["recommended_policy"]) == ("stale", "CONSERVATIVE")
        with StreamRecorder(service.grpc_address) as late:
            first = eventually(lambda: late.feedbacks[0] if late.feedbacks else None)
            assert first == stale
        fresh_redis.start()
        back = stream.wait_for_revision(active.revision + 1, within_s=60.0)
        assert back.status == feedback_pb2.FEEDBACK_STATUS_ACTIVE
        assert back.updated_policy == feedback_pb2.POLICY_AGGRESSIVE
        assert back.epoch == active.epoch
