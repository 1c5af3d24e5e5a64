"""What StreamFeedback promises, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import grpc
import pytest
import redis
from conftest import StartService
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_text
from stream_recorder import StreamRecorder

from strategic_memory.v1 import feedback_pb2, service_pb2


@pytest.fixture
def service(start_service: StartService) -> ServiceProcess:
    """A service that syncs often and keeps five revisions, two of them in memory."""
    return start_service(
        sync_interval_s=0.05,
        env={"STRATEGIC_MEMORY_RETAINED_REVISIONS": "5", "STRATEGIC_MEMORY_RECENT_REVISIONS": "2"},
    )


def newer_than(service: ServiceProcess, revision: int) -> bool:
    return get_feedback(service).revision > revision


def publish(client: redis.Redis, service: ServiceProcess, up_to: int) -> feedback_pb2.Feedback:
    """Make new observations until the newest revision is at least `up_to`."""
    while (feedback := get_feedback(service)).revision < up_to:
        before = feedback.revision
        for _ in range(3 if before == 0 else 1):
            add_regime(client, "BULL", 0.1 + before / 100)
        eventually(partial(newer_than, service, before))
    return feedback


def error_info(error: grpc.RpcError) -> error_details_pb2.ErrorInfo:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # a call's RpcError is a Call too
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info


def subscribers(service: ServiceProcess) -> float:
    lines: Iterator[str] = iter(get_text(service, "/metrics").splitlines())
    return float(next(line for line in lines if line.startswith("strategic_memory_subscribers ")).split()[1])


def until_ms(beat: feedback_pb2.Heartbeat) -> int:
    return beat.valid_until.ToMilliseconds()


def test_first_message_is_the_feedback_in_force(service: ServiceProcess, redis_client: redis.Redis) -> None:
    with StreamRecorder(service.grpc_address) as early:
        first = eventually(lambda: early.feedbacks[0] if early.feedbacks else None)
        assert (first.revision, first.status) == (0, feedback_pb2.FEEDBACK_STATUS_WARMING_UP)
        newest = publish(redis_client, service, 3)
        early.wait_for_revision(newest.revision)
        assert early.revisions == sorted(set(early.revisions))
    with StreamRecorder(service.grpc_address) as late:
        first = eventually(lambda: late.feedbacks[0] if late.feedbacks else None)
        assert first.revision == get_feedback(service).revision


def test_every_reads_retained_revisions_that_memory_no_longer_holds(
    service: ServiceProcess, redis_client: redis.Redis
) -> None:
    newest = publish(redis_client, service, 9)
    request = service_pb2.StreamFeedbackRequest(
        resume_after_revision=newest.revision - 4, epoch=newest.epoch, delivery=service_pb2.DELIVERY_EVERY
    )
    with StreamRecorder(service.grpc_address, request) as stream:
        stream.wait_for_revision(newest.revision)
        assert stream.revisions[:4] == list(range(newest.revision - 3, newest.revision + 1))
        assert all(message.skipped_revisions == 0 for message in stream.messages)


def test_latest_tells_what_it_skipped(service: ServiceProcess, redis_client: redis.Redis) -> None:
    newest = publish(redis_client, service, 4)
    request = service_pb2.StreamFeedbackRequest(resume_after_revision=1, epoch=newest.epoch)
    with StreamRecorder(service.grpc_address, request) as stream:
        stream.wait_for_revision(newest.revision)
        assert stream.messages[0].skipped_revisions == stream.messages[0].feedback.revision - 2


@pytest.mark.parametrize("delivery", [service_pb2.DELIVERY_LATEST, service_pb2.DELIVERY_EVERY])
@pytest.mark.parametrize(
    ("resume_after", "epoch", "reason"),
    [(1, "", "REVISION_COMPACTED"), (1_000, "", "REVISION_IN_FUTURE"), (9, "another", "EPOCH_CHANGED")],
)
def test_a_resume_point_that_cannot_be_kept_is_refused(
    service: ServiceProcess,
    redis_client: redis.Redis,
    resume_after: int,
    epoch: str,
    reason: str,
    delivery: service_pb2.Delivery.ValueType,
) -> None:
    newest = publish(redis_client, service, 9)
    request = service_pb2.StreamFeedbackRequest(resume_after_revision=resume_after, epoch=epoch, delivery=delivery)
    with StreamRecorder(service.grpc_address, request) as stream:
        error = stream.wait_for_end()
    assert error.code() == grpc.StatusCode.OUT_OF_RANGE
    info = error_info(error)
    assert (info.reason, info.domain) == (reason, "strategic_memory.v1")
    assert info.metadata["epoch"] == newest.epoch
    assert int(info.metadata["current"]) >= newest.revision
    assert int(info.metadata["oldest"]) > 1
    assert not stream.messages


def test_heartbeats_come_when_nothing_changes(service: ServiceProcess, redis_client: redis.Redis) -> None:
    newest = publish(redis_client, service, 1)
    request = service_pb2.StreamFeedbackRequest(heartbeat_interval=Duration(nanos=100_000_000))
    with StreamRecorder(service.grpc_address, request) as stream:
        # Several may come between two syncs.
        eventually(lambda: len(stream.heartbeats) >= 3 and len({until_ms(beat) for beat in stream.heartbeats}) > 1)
        beats = stream.heartbeats
    assert {(beat.revision, beat.epoch) for beat in beats} == {(newest.revision, newest.epoch)}
    moves = [until_ms(beat) for beat in beats]
    assert moves == sorted(moves)
    assert moves[-1] > moves[0], "a sync that changes nothing extends the validity"


def test_subscribers_that_go_away_are_no_longer_counted(service: ServiceProcess) -> None:
    streams = [StreamRecorder(service.grpc_address) for _ in range(5)]
    eventually(lambda: subscribers(service) == 5)
    for stream in streams:
        stream.close()
    eventually(lambda: subscribers(service) == 0)


def test_more_subscribers_than_admitted_are_refused(start_service: StartService) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_MAX_SUBSCRIBERS": "2", "STRATEGIC_MEMORY_PEER_SHARE": "1"})
    admitted = [StreamRecorder(service.grpc_address) for _ in range(2)]
    for stream in admitted:
        eventually(partial(getattr, stream, "messages"))
    with StreamRecorder(service.grpc_address) as refused:
        error = refused.wait_for_end()
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error_info(error).reason == "TOO_MANY_SUBSCRIBERS"
    assert get_feedback(service).version == "1.0.0", "other calls are still served"
    admitted.pop().close()
    eventually(lambda: subscribers(service) == 1)
    with StreamRecorder(service.grpc_address) as next_one:
        eventually(lambda: next_one.messages)
    admitted.pop().close()
