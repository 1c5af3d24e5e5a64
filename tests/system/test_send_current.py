"""Who resumes and holds no feedback, as a program that was started again, begins with the one in force."""

from __future__ import annotations

import json
import signal
from functools import partial

import grpc
import pytest
import redis
from client.both_clients import CALLERS, Caller
from client.command_line import run
from conftest import StartService
from google.protobuf.duration_pb2 import Duration
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_json
from stream_recorder import StreamRecorder

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_client import Backoff, ClientOptions, Delivery, FeedbackReceived, ResumePoint

pytestmark = pytest.mark.system

OPTIONS = ClientOptions(heartbeat_interval_s=0.2, backoff=Backoff(0.02, 0.2))
DELIVERIES = (service_pb2.DELIVERY_LATEST, service_pb2.DELIVERY_EVERY)
# Another leader would confirm the feedback in force, with another end: here the first one leads until it is told to go.
LASTING = {"STRATEGIC_MEMORY_VALIDITY": "600", "STRATEGIC_MEMORY_LEASE": "5"}


@pytest.fixture
def pair(start_service: StartService) -> tuple[ServiceProcess, ServiceProcess]:
    """The leader and the one that stands by."""
    first = start_service(sync_interval_s=300, env=LASTING)
    eventually(lambda: role(first) == "leader")
    second = start_service(sync_interval_s=300, env=LASTING)
    eventually(lambda: role(second) == "standby")
    return first, second


def role(service: ServiceProcess) -> str:
    found: str = get_json(service)["metrics"]["replication"]["role"]
    return found


def publish(client: redis.Redis, up_to: int, *services: ServiceProcess) -> feedback_pb2.Feedback:
    """Make observations until each of these servers has this revision or a later one, the same."""
    while (known := get_feedback(services[0]).revision) < up_to:
        # At once: one revision, and no other one after it.
        with client.pipeline(transaction=True) as together:
            for _ in range(3):
                add_regime(together, "BULL", 0.1 + known / 100)
            together.execute()
        eventually(partial(has_more, services[0], known))
    newest = get_feedback(services[0])
    eventually(lambda: all(get_feedback(service).revision == newest.revision for service in services))
    return newest


def has_more(service: ServiceProcess, known: int) -> bool:
    return get_feedback(service).revision > known


def resumed(address: str, after: int, epoch: str, delivery: service_pb2.Delivery.ValueType) -> StreamRecorder:
    request = service_pb2.StreamFeedbackRequest(
        resume_after_revision=after,
        epoch=epoch,
        delivery=delivery,
        heartbeat_interval=Duration(seconds=1),
        send_current=True,
    )
    return StreamRecorder(address, request)


def test_leader_and_standby_send_what_is_in_force_to_who_resumes(
    pair: tuple[ServiceProcess, ServiceProcess], redis_client: redis.Redis
) -> None:
    now = publish(redis_client, 4, *pair)
    streams = []
    for service in pair:
        for delivery in DELIVERIES:
            for after in (now.revision, now.revision - 2):
                stream = resumed(service.grpc_address, after, now.epoch, delivery)
                streams.append(stream)
                eventually(partial(stream.wait_for_revision, now.revision))
                first = stream.messages[0]
                assert first.WhichOneof("event") == "feedback"
                if after == now.revision:
                    assert (first.feedback, first.skipped_revisions) == (now, 0)
                elif delivery == service_pb2.DELIVERY_LATEST:
                    assert (first.feedback, first.skipped_revisions) == (now, 1)
                else:
                    assert (stream.revisions, first.skipped_revisions) == ([now.revision - 1, now.revision], 0)
            for epoch, reason in ((now.epoch, "REVISION_IN_FUTURE"), ("another", "EPOCH_CHANGED")):
                with resumed(service.grpc_address, now.revision + 9, epoch, delivery) as refused:
                    error = refused.wait_for_end()
                assert error.code() == grpc.StatusCode.OUT_OF_RANGE
                assert reason in str(error.trailing_metadata())
                assert not refused.messages
    later = publish(redis_client, now.revision + 1, *pair)
    for stream in streams:
        stream.wait_for_revision(later.revision)
        assert stream.revisions == sorted(set(stream.revisions))
        stream.close()


def next_feedback(events: object) -> tuple[int, str, int]:
    for event in events:  # type: ignore[attr-defined]  # an iterator of either client
        if isinstance(event, FeedbackReceived):
            return event.feedback.revision, event.feedback.epoch, event.skipped_revisions
    raise AssertionError("the stream has ended")


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("delivery", Delivery)
def test_a_client_that_was_started_again_goes_on_with_another_server(
    pair: tuple[ServiceProcess, ServiceProcess], redis_client: redis.Redis, caller: type[Caller], delivery: Delivery
) -> None:
    now = publish(redis_client, 2, *pair)
    leader, standby = pair
    with caller(leader.grpc_address, standby.grpc_address, options=OPTIONS) as client:
        events = client.stream_events(ResumePoint(now.revision, now.epoch), send_current=True, delivery=delivery)
        assert next_feedback(events) == (now.revision, now.epoch, 0)
        leader.send_signal(signal.SIGTERM)  # it drains its streams
        eventually(lambda: role(standby) == "leader")
        later = publish(redis_client, now.revision + 1, standby)
        assert next_feedback(events) == (now.revision + 1, later.epoch, 0)


def test_watch_shows_what_stands_to_who_resumes(
    pair: tuple[ServiceProcess, ServiceProcess], redis_client: redis.Redis
) -> None:
    now = publish(redis_client, 2, *pair)
    place = ["--resume-after", str(now.revision), "--epoch", now.epoch]
    for service in pair:
        ended = run("watch", "-a", service.grpc_address, *place, "--count", "1")
        told = json.loads(ended.out)
        assert (ended.code, told["revision"], told["leverage_hint"]) == (0, now.revision, now.leverage_hint)
