"""Streams of both clients over real sockets, against a peer that misbehaves to order."""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import grpc
import pytest
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_response, heartbeat_response
from client.scripted_peer import Response, ScriptedPeer, Stream, end, refusal, send
from processes import eventually

from strategic_memory.v1 import service_pb2
from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    Backoff,
    ClientOptions,
    Delivery,
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    HeartbeatReceived,
    InvalidRequestError,
    ResumePoint,
    ResumePointError,
    RevisionGapError,
    ServiceUnavailableError,
    SilentServerError,
    SubscriptionEvent,
    TooManySubscribersError,
)
from strategic_memory_client.transports.asynchronous import stream as asynchronous
from strategic_memory_client.transports.synchronous import stream as synchronous

Made = type[BlockingCaller | AsyncCaller]
QUICKLY = Backoff(initial_s=0.01, max_s=0.05)
OPTIONS = ClientOptions(heartbeat_interval_s=5.0, backoff=QUICKLY, connect_timeout_s=30.0)
IMPATIENT = ClientOptions(heartbeat_interval_s=0.1, missed_heartbeats=2, backoff=QUICKLY, connect_timeout_s=30.0)
"""A stream is given up after 2.7 s. A busy machine may take as long to open one: no test counts how often it tries."""

both = pytest.mark.parametrize("made", CALLERS)


def first(events: Iterator[SubscriptionEvent], count: int) -> list[SubscriptionEvent]:
    return list(itertools.islice(events, count))


def revisions(events: list[SubscriptionEvent]) -> list[int]:
    return [event.feedback.revision for event in events if isinstance(event, FeedbackReceived)]


def next_revision(events: Iterator[SubscriptionEvent]) -> int:
    """The revision of the next feedback, after however many attempts."""
    return next(event.feedback.revision for event in events if isinstance(event, FeedbackReceived))


def errors(events: list[SubscriptionEvent]) -> list[type[Exception]]:
    return [type(event.error) for event in events if isinstance(event, Disconnected)]


def let_pass(seconds: float) -> None:
    """Let time pass where time itself is what the test is about."""
    threading.Event().wait(seconds)


@both
def test_asks_for_what_it_was_told_to(made: Made) -> None:
    with ScriptedPeer(send(feedback_response(5))) as peer, made(peer.address, options=OPTIONS) as caller:
        first(caller.stream_events(ResumePoint(4, "e1"), Delivery.EVERY), 1)
        assert peer.requests[0].resume_after_revision == 4
        assert peer.requests[0].epoch == "e1"
        assert peer.requests[0].delivery == service_pb2.DELIVERY_EVERY
        assert peer.requests[0].heartbeat_interval.seconds == 5


@both
def test_goes_on_after_a_reset_without_gap_or_double(made: Made) -> None:
    with (
        ScriptedPeer(
            send(feedback_response(1), feedback_response(2), then=refusal(grpc.StatusCode.UNAVAILABLE, "DRAINING")),
            send(feedback_response(2), feedback_response(3), then=end),
            send(feedback_response(6)),
        ) as peer,
        made(peer.address, options=OPTIONS) as caller,
    ):
        feedbacks = list(itertools.islice(caller.stream_feedback(), 4))
        assert [each.revision for each in feedbacks] == [1, 2, 3, 6]
        assert [each.skipped_revisions for each in feedbacks] == [0, 0, 0, 2]
        asked = [(each.HasField("resume_after_revision"), each.resume_after_revision) for each in peer.requests]
        assert asked == [(False, 0), (True, 2), (True, 3)]


@both
def test_goes_on_after_the_server_was_away(made: Made) -> None:
    with (
        ScriptedPeer(send(feedback_response(1)), send(feedback_response(2))) as peer,
        made(peer.address, options=OPTIONS) as caller,
    ):
        events = caller.stream_events()
        assert revisions(first(events, 1)) == [1]
        peer.stop()
        assert errors(first(events, 3)) == [ServiceUnavailableError] * 3
        peer.start()
        assert next_revision(events) == 2
        assert peer.requests[1].resume_after_revision == 1


@both
def test_a_silent_server_is_left(made: Made) -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer, made(peer.address, options=IMPATIENT) as caller:
        stream = caller.stream_events()
        assert next_revision(stream) == 1
        peer.scripts = [send()]
        # One that spoke, and one that never did.
        assert errors(first(stream, 2)) == [SilentServerError, SilentServerError]
        peer.scripts = [send(feedback_response(2))]
        assert next_revision(stream) == 2
        assert eventually(lambda: peer.open_streams == 1), "the silent streams were closed"


def spoken_to(goes_on: threading.Event, is_sent: threading.Event) -> Callable[[Stream], Iterator[Response]]:
    """Send a feedback, and when it is told to a heartbeat."""

    def script(stream: Stream) -> Iterator[Response]:
        yield feedback_response(1)
        goes_on.wait(60)
        yield heartbeat_response(1)
        is_sent.set()
        yield from stream.stall()

    return script


def test_what_comes_as_a_thread_that_stood_still_goes_on_ends_the_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, ends_s = threading.Event(), [math.inf]

    def looked() -> float:
        now_s = time.monotonic()
        if threading.current_thread().name != "strategic-memory-silence":
            ends_s[0] = now_s + 1.1  # a message is waited for from now on
        elif now_s >= ends_s[0]:
            goes_on.set()
        return now_s

    monkeypatch.setattr(synchronous, "monotonic", looked)
    monkeypatch.setattr(synchronous, "READ_WITHIN_S", 60.0)
    with (
        ScriptedPeer(spoken_to(goes_on, threading.Event())) as peer,
        BlockingCaller(peer.address, options=replace(IMPATIENT, missed_heartbeats=1)) as caller,
    ):
        assert [type(event) for event in first(caller.stream_events(), 2)] == [FeedbackReceived, HeartbeatReceived]


async def test_what_came_while_the_loop_stood_still_ends_the_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, is_sent = threading.Event(), threading.Event()
    loop, stood_still_s = asyncio.get_running_loop(), 0.0
    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + stood_still_s)
    monkeypatch.setattr(asynchronous, "READ_WITHIN_S", 60.0)
    with ScriptedPeer(spoken_to(goes_on, is_sent)) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=OPTIONS) as client:
            events = client.stream_events()
            assert isinstance(await anext(events), FeedbackReceived)
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)  # it waits from here on
            goes_on.set()
            assert is_sent.wait(60)
            stood_still_s = 100.0
            assert isinstance(await waiting, HeartbeatReceived)


@both
def test_a_server_whose_process_stands_still_is_left(made: Made) -> None:
    with socket.socket() as listener, ScriptedPeer(send(feedback_response(1))) as peer:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        standing_still = f"127.0.0.1:{listener.getsockname()[1]}"
        with made(standing_still, peer.address, options=replace(IMPATIENT, connect_timeout_s=2.0)) as caller:
            events = caller.stream_events()
            lost = next(events)
            assert isinstance(lost, Disconnected)
            assert lost.address == standing_still
            assert next_revision(events) == 1


@both
def test_heartbeats_keep_a_quiet_stream_open(made: Made) -> None:
    def beat(stream: Stream) -> Iterator[service_pb2.StreamFeedbackResponse]:
        yield feedback_response(1)
        for _ in range(8):
            let_pass(0.1)
            yield heartbeat_response(1)

    options = ClientOptions(heartbeat_interval_s=0.1, missed_heartbeats=5, backoff=QUICKLY)
    with ScriptedPeer(beat) as peer, made(peer.address, options=options) as caller:
        events = first(caller.stream_events(), 9)
    assert [type(event) for event in events] == [FeedbackReceived] + [HeartbeatReceived] * 8


@both
def test_the_time_that_the_program_takes_is_not_the_server_s_silence(made: Made) -> None:
    with (
        ScriptedPeer(send(feedback_response(1), feedback_response(2), feedback_response(3))) as peer,
        made(peer.address, options=IMPATIENT) as caller,
    ):
        events = caller.stream_events()
        assert next_revision(events) == 1
        let_pass(3.0)  # longer than the server may be silent
        assert revisions(first(events, 2)) == [2, 3]


@both
def test_tries_the_servers_in_turn(made: Made) -> None:
    with (
        ScriptedPeer(refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_SUBSCRIBERS")) as full,
        ScriptedPeer(refusal(grpc.StatusCode.UNAVAILABLE, "LOG_NOT_READ"), send(feedback_response(1))) as other,
        made(full.address, other.address, options=OPTIONS) as caller,
    ):
        events = first(caller.stream_events(), 4)
    assert errors(events) == [TooManySubscribersError, ServiceUnavailableError, TooManySubscribersError]
    assert revisions(events) == [1]


@both
def test_latest_starts_afresh_in_another_epoch(made: Made) -> None:
    with (
        ScriptedPeer(
            send(feedback_response(4), then=end),
            refusal(grpc.StatusCode.OUT_OF_RANGE, "EPOCH_CHANGED", oldest="1", current="2", epoch="e2"),
            send(feedback_response(2, "e2")),
        ) as peer,
        made(peer.address, options=OPTIONS) as caller,
    ):
        events = first(caller.stream_events(), 5)
    assert errors(events) == [ServiceUnavailableError, ResumePointError]
    assert events[3] == EpochChanged("e1", 4, "e2", 2)
    assert isinstance(events[4], FeedbackReceived)
    assert events[4].feedback.epoch_changed
    assert not peer.requests[2].HasField("resume_after_revision")


@both
def test_every_raises_when_something_is_missing(made: Made) -> None:
    trimmed = refusal(grpc.StatusCode.OUT_OF_RANGE, "REVISION_COMPACTED", oldest="7", current="9", epoch="e1")
    with ScriptedPeer(trimmed) as peer, made(peer.address, options=OPTIONS) as caller:
        with pytest.raises(ResumePointError) as caught:
            next(caller.stream_events(ResumePoint(2, "e1"), Delivery.EVERY))
        assert (caught.value.reason, caught.value.oldest, caught.value.current) == ("REVISION_COMPACTED", 7, 9)
    gap = send(feedback_response(1), feedback_response(3))
    with ScriptedPeer(gap) as peer, made(peer.address, options=OPTIONS) as caller:
        events = caller.stream_events(delivery=Delivery.EVERY)
        next(events)
        with pytest.raises(RevisionGapError):
            next(events)


@both
def test_a_request_that_is_refused_raises_at_once(made: Made) -> None:
    with (
        ScriptedPeer(refusal(grpc.StatusCode.INVALID_ARGUMENT)) as peer,
        made(peer.address, options=OPTIONS) as caller,
    ):
        with pytest.raises(InvalidRequestError):
            next(caller.stream_events())
        assert len(peer.requests) == 1


@both
def test_gives_up_when_it_was_told_to(made: Made) -> None:
    with ScriptedPeer(end) as peer, made(peer.address, options=OPTIONS) as caller:
        events = caller.stream_events(give_up_after_s=0.2)
        with pytest.raises(ServiceUnavailableError):
            list(events)


@both
def test_messages_of_an_unknown_kind_are_passed_over(made: Made) -> None:
    unknown = service_pb2.StreamFeedbackResponse.FromString(b"\xfa\x01\x02hi")
    with ScriptedPeer(send(unknown, feedback_response(1))) as peer, made(peer.address, options=OPTIONS) as caller:
        assert revisions(first(caller.stream_events(), 1)) == [1]


@both
def test_what_is_lost_is_logged_once(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "strategic_memory_client")
    with ScriptedPeer(end, end, end, send(feedback_response(1))) as peer, made(peer.address, options=OPTIONS) as caller:
        first(caller.stream_events(), 4)
        # gRPC's poller complains on asyncio's logger about event loops that earlier tests have closed.
        ours = [record.levelname for record in caplog.records if record.name.startswith("strategic_memory_client")]
        assert ours == ["WARNING"]
        assert peer.address in caplog.text
