"""Following outlives faults that are not the service's: safe values meanwhile, a word in the log, and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Event
from time import monotonic, time

import grpc
import pytest
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_message, feedback_response, heartbeat_response
from client.scripted_peer import Response, ScriptedPeer, Stream, end, send
from client.streams.newest_by_time import assert_safe
from client.transports.test_client_follow import OPTIONS, eventually_newest
from google.protobuf.timestamp_pb2 import Timestamp
from processes import aeventually, eventually

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_client import AsyncStrategicMemoryClient, Backoff, ClientClosedError, Feedback, FeedbackStatus
from strategic_memory_client.streams.arrivals import Arrivals, passed_s
from strategic_memory_client.streams.shown import LOOP_ENDED
from strategic_memory_client.transports.asynchronous import follower as async_follower
from strategic_memory_client.transports.synchronous import following

Made = type[BlockingCaller | AsyncCaller]
both = pytest.mark.parametrize("made", CALLERS)
FOLLOWS, LOOKS = "strategic-memory-follow", "strategic-memory-looks"
LITTLE_S = 1.2
"""Validity; the client takes note of what takes longer than a second."""


class FaultyFilter(logging.Filter):
    """A filter of the program, with a fault: it fails in the follower when a lost connection is logged."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def filter(self, record: logging.LogRecord) -> bool:
        if self.failures and record.levelno >= logging.WARNING:
            self.failures -= 1
            raise RuntimeError("this filter has a fault")
        return True


@contextmanager
def faulty_logging(failures: int) -> Iterator[None]:
    # What the library logs by; a child of its logger would not do, because filters are not inherited.
    logger, faulty = logging.getLogger("strategic_memory_client"), FaultyFilter(failures)
    logger.addFilter(faulty)
    try:
        yield
    finally:
        logger.removeFilter(faulty)


@both
@pytest.mark.parametrize("failures", [1, 2, 3], ids=["of the stream's", "of its own too", "twice"])
def test_it_starts_again_after_a_fault_of_the_program(made: Made, failures: int) -> None:
    ending = send(feedback_response(3), then=end)
    with (
        faulty_logging(failures),
        ScriptedPeer(ending, ending, send(feedback_response(4))) as peer,
        made(peer.address, options=OPTIONS) as caller,
    ):
        caller.follow()
        eventually_newest(caller, lambda newest: newest.revision == 4 and newest.status is FeedbackStatus.ACTIVE)


@both
def test_it_is_safe_until_it_has_started_again_and_the_log_says_why(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    patient = replace(OPTIONS, backoff=Backoff(60.0, 60.0))
    with (
        faulty_logging(1),
        ScriptedPeer(send(feedback_response(3), then=end)) as peer,
        made(peer.address, options=patient) as caller,
    ):
        caller.follow()
        assert_safe(eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.STALE))
        (record,) = eventually(
            # One that another thread is about to write has no `message` yet.
            lambda: [
                each for each in caplog.records if each.levelno == logging.ERROR and "following" in each.getMessage()
            ]
        )
        assert "again in" in record.getMessage()
        assert record.exc_info is not None
        assert "this filter has a fault" in str(record.exc_info[1])


def test_it_is_safe_once_its_task_is_collected_with_a_loop_that_was_closed_under_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer, asyncio.Runner() as runner:
        client = AsyncStrategicMemoryClient(peer.address, options=OPTIONS)

        async def follow() -> FeedbackStatus:
            client.follow()
            return (await client.wait_for_newest()).status

        assert runner.run(follow()) is FeedbackStatus.ACTIVE
        [task] = (each for each in asyncio.all_tasks(runner.get_loop()) if each.get_name() == FOLLOWS)
        following = task.get_coro()
        assert isinstance(following, Coroutine)
        with suppress(RuntimeError):
            following.close()  # as the collector does
        assert_safe(client.newest)
        assert LOOP_ENDED in caplog.text


async def test_it_can_be_started_again_when_somebody_cancelled_every_task() -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=OPTIONS) as client:
            client.follow()
            await client.wait_for_newest()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            assert await aeventually(lambda: client.newest.status is FeedbackStatus.STALE)
            client.follow()
            assert await aeventually(lambda: client.newest.status is FeedbackStatus.ACTIVE)


def names_of_tasks() -> list[str]:
    return sorted(name for task in asyncio.all_tasks() if (name := task.get_name()) in {FOLLOWS, LOOKS})


@pytest.mark.parametrize("names", [{FOLLOWS, LOOKS}, {FOLLOWS}, {LOOKS}], ids=["both", "follow", "looks"])
async def test_it_can_be_started_again_before_what_was_cancelled_has_ended(names: set[str]) -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=OPTIONS) as client:
            client.follow()
            await client.wait_for_newest()
            ending = {task for task in asyncio.all_tasks() if task.get_name() in names}
            for task in ending:
                task.cancel()
            client.follow()
            await asyncio.wait(ending)
            assert await aeventually(lambda: client.newest.status is FeedbackStatus.ACTIVE and peer.open_streams == 1)
            assert names_of_tasks() == [FOLLOWS, LOOKS]


@both
def test_what_was_withheld_is_fetched_from_the_server_that_vouches_for_it(made: Made) -> None:
    withheld = feedback_message(3, status=feedback_pb2.FEEDBACK_STATUS_STALE)
    vouching = send(service_pb2.StreamFeedbackResponse(feedback=withheld), heartbeat_response(3))
    with (
        ScriptedPeer(end) as cut_off,
        ScriptedPeer(vouching) as level,
        made(cut_off.address, level.address, options=OPTIONS) as caller,
    ):
        cut_off.feedback, level.feedback = withheld, feedback_message(3)
        assert caller.get_feedback().status is FeedbackStatus.STALE, "single questions go to the first"
        caller.follow()
        newest = eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.ACTIVE)
        assert newest.leverage_hint == 1.5


@both
@pytest.mark.parametrize("refused", [False, True])
def test_a_fetch_that_takes_long_makes_nothing_older_hold_again(made: Made, *, refused: bool) -> None:
    withheld = feedback_message(3, status=feedback_pb2.FEEDBACK_STATUS_STALE)
    vouching = (service_pb2.StreamFeedbackResponse(feedback=withheld), heartbeat_response(3))
    last = service_pb2.StreamFeedbackResponse(feedback=feedback_message(4, valid_for_s=LITTLE_S))
    with ScriptedPeer(send(*vouching, last)) as peer, made(peer.address, options=OPTIONS) as caller:
        peer.feedback = feedback_message(3, valid_for_s=LITTLE_S)
        last.sent_at.GetCurrentTime()
        peer.sent_at = last.sent_at
        peer.unary_refusal = (grpc.StatusCode.UNAVAILABLE, "") if refused else None
        peer.hold_calls = True
        caller.follow()
        eventually_newest(caller, lambda _: peer.unary_calls == 1)
        until_s = monotonic() + 1.5 * LITTLE_S
        eventually_newest(caller, lambda _: monotonic() > until_s)
        peer.answer_held_calls()
        found = list[Feedback]()

        def looked(newest: Feedback) -> bool:
            found.append(newest)
            return newest.revision == 4

        eventually_newest(caller, looked)
        assert {each.status for each in found} == {FeedbackStatus.STALE}, "both waited for longer than they held"


def bed_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what lets the machine sleep for an hour: the wall clock goes on meanwhile, the other one does not."""
    slept_s = 0.0
    for module in ("client", "async_client", "streams.arrivals", "streams.shown"):
        monkeypatch.setattr(f"strategic_memory_client.{module}.time", lambda: time() + slept_s)

    def sleep() -> None:
        nonlocal slept_s
        slept_s = 3600.0

    return sleep


@both
def test_what_waited_while_the_machine_slept_holds_no_longer(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    sleep, is_awake = bed_of(monkeypatch), Event()
    unread = service_pb2.StreamFeedbackResponse(feedback=feedback_message(4))
    unread.sent_at.GetCurrentTime()

    def after_it_slept(stream: Stream) -> Iterator[Response]:
        is_awake.wait(60.0)
        yield unread
        yield from stream.stall()

    script = send(feedback_response(3), then=after_it_slept)
    with ScriptedPeer(script) as peer, made(peer.address, options=OPTIONS) as caller:
        caller.follow()
        assert eventually_newest(caller, lambda newest: newest.revision == 3).status is FeedbackStatus.ACTIVE
        sleep()
        is_awake.set()
        assert_safe(eventually_newest(caller, lambda newest: newest.revision == 4))


def then(sleep: Callable[[], None], tells: Callable[..., float]) -> Callable[..., float]:
    """Let the machine sleep right after this has told for how long something waited."""

    def told(*given: object) -> float:
        found = tells(*given)
        sleep()
        return found

    return told


@both
def test_what_was_read_before_the_machine_slept_holds_no_longer(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Arrivals, "waited_s", then(bed_of(monkeypatch), Arrivals.waited_s))
    read = feedback_response(3)
    read.sent_at.GetCurrentTime()
    with ScriptedPeer(send(read)) as peer, made(peer.address, options=OPTIONS) as caller:
        caller.follow()
        assert_safe(eventually_newest(caller, lambda newest: newest.revision == 3))


@both
def test_what_was_fetched_before_the_machine_slept_holds_no_longer(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = bed_of(monkeypatch)
    for follower in (following, async_follower):
        monkeypatch.setattr(follower, "passed_s", then(sleep, passed_s))
    withheld = feedback_message(3, status=feedback_pb2.FEEDBACK_STATUS_STALE)
    vouching = send(service_pb2.StreamFeedbackResponse(feedback=withheld), heartbeat_response(3))
    with ScriptedPeer(vouching) as peer, made(peer.address, options=OPTIONS) as caller:
        peer.feedback = feedback_message(3)
        peer.feedback.current_regime = "FETCHED"
        peer.sent_at = Timestamp()
        peer.sent_at.GetCurrentTime()
        caller.follow()
        assert_safe(eventually_newest(caller, lambda newest: newest.current_regime == "FETCHED"))


@both
def test_following_a_closed_client_is_told(made: Made) -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer, made(peer.address, options=OPTIONS) as caller:
        caller.follow()
        caller.wait_for_newest()
        caller.close_client()
        with pytest.raises(ClientClosedError):
            caller.follow()
