"""`newest` over real sockets: what it answers while the peer comes, goes, falls silent and comes back."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from time import monotonic, time

import grpc
import pytest
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_message, feedback_response, heartbeat_response
from client.scripted_peer import ScriptedPeer, Stream, end, refusal, send
from client.streams.newest_by_time import assert_safe
from processes import aeventually, eventually

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    Backoff,
    ClientOptions,
    Feedback,
    FeedbackStatus,
    Policy,
    StrategicMemoryClient,
)
from strategic_memory_client.transports.synchronous.latch import Latch

Made = type[BlockingCaller | AsyncCaller]
QUICKLY = Backoff(initial_s=0.01, max_s=0.05)
OPTIONS = ClientOptions(heartbeat_interval_s=5.0, backoff=QUICKLY, timeout_s=30.0, connect_timeout_s=30.0)
IMPATIENT = ClientOptions(
    heartbeat_interval_s=0.1, missed_heartbeats=2, backoff=QUICKLY, timeout_s=30.0, connect_timeout_s=30.0
)
SHORT_S = 12.0
"""A validity that outlasts a standstill of a busy machine, and ends before a server counts as silent by `OPTIONS`."""

both = pytest.mark.parametrize("made", CALLERS)


def eventually_newest(caller: BlockingCaller | AsyncCaller, expected: Callable[[Feedback], bool]) -> Feedback:
    def newest() -> Feedback | None:
        caller.let_run(0.01)
        found = caller.newest
        return found if expected(found) else None

    return eventually(newest)


def beating(
    feedback: service_pb2.StreamFeedbackResponse, is_silent: Callable[[], bool] = lambda: False
) -> Callable[[Stream], Iterator[service_pb2.StreamFeedbackResponse]]:
    """Send a feedback and a heartbeat about it every 50 ms; nothing while it is to be silent."""

    def script(stream: Stream) -> Iterator[service_pb2.StreamFeedbackResponse]:
        if not is_silent():
            yield feedback
        while stream.goes_on(0.05):
            if not is_silent():
                yield heartbeat_response(feedback.feedback.revision, feedback.feedback.epoch)

    return script


def set_clock_ahead(monkeypatch: pytest.MonkeyPatch, ahead_s: float) -> None:
    """Let the wall clock be so far ahead from now on for those who read what is newest."""
    for module in ("client", "async_client"):
        monkeypatch.setattr(f"strategic_memory_client.{module}.time", lambda: time() + ahead_s)


@both
def test_before_and_after_the_first_feedback(made: Made) -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer, made(peer.address, options=OPTIONS) as caller:
        assert caller.newest.status is FeedbackStatus.WARMING_UP
        assert_safe(caller.newest)
        caller.follow()
        caller.follow()
        newest = caller.wait_for_newest()
        assert (newest.revision, newest.status, newest.updated_policy) == (
            3,
            FeedbackStatus.ACTIVE,
            Policy.AGGRESSIVE,
        )
        assert len(peer.requests) == 1


@both
def test_waiting_for_it_ends_with_what_there_is(made: Made) -> None:
    with ScriptedPeer(send()) as peer, made(peer.address, options=OPTIONS) as caller:
        caller.follow()
        assert caller.wait_for_newest(0.05).status is FeedbackStatus.WARMING_UP


ARRIVALS = "strategic_memory_client.streams.arrivals"


def told_to(goes_on: threading.Event) -> Callable[[Stream], Iterator[service_pb2.StreamFeedbackResponse]]:
    """Send a feedback once it is told to."""

    def script(stream: Stream) -> Iterator[service_pb2.StreamFeedbackResponse]:
        goes_on.wait(60)
        yield feedback_response(1)
        yield from stream.stall()

    return script


@pytest.mark.parametrize("timeout_s", [60.0, 0.3])
def test_waiting_for_it_takes_what_came_while_the_process_stood_still(
    monkeypatch: pytest.MonkeyPatch, timeout_s: float
) -> None:
    goes_on, wait = threading.Event(), Latch.wait
    monkeypatch.setattr(f"{ARRIVALS}.monotonic", lambda: monotonic() + 2.0 * goes_on.is_set())

    def overdue(latch: Latch, timeout_s: float) -> bool:
        """Wait in vain the first time: the timer is overdue when the process goes on, whatever has come meanwhile."""
        if threading.current_thread() is not threading.main_thread() or goes_on.is_set():
            return wait(latch, timeout_s)
        goes_on.set()
        return latch.is_set()

    with ScriptedPeer(told_to(goes_on)) as peer, StrategicMemoryClient(peer.address, options=OPTIONS) as client:
        client.follow()
        monkeypatch.setattr(Latch, "wait", overdue)
        assert client.wait_for_newest(timeout_s).status is FeedbackStatus.ACTIVE


@pytest.mark.parametrize("timeout_s", [60.0, 0.3])
async def test_waiting_for_it_takes_what_came_while_the_loop_stood_still(
    monkeypatch: pytest.MonkeyPatch, timeout_s: float
) -> None:
    goes_on, loop, stood_still_s = threading.Event(), asyncio.get_running_loop(), 0.0
    monkeypatch.setattr(loop, "time", lambda: monotonic() + stood_still_s)
    monkeypatch.setattr(f"{ARRIVALS}.monotonic", lambda: monotonic() + min(2.0, stood_still_s))
    with ScriptedPeer(told_to(goes_on)) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=OPTIONS) as client:
            client.follow()
            waiting = asyncio.ensure_future(client.wait_for_newest(timeout_s))
            await asyncio.sleep(0)  # it waits from here on
            stood_still_s = timeout_s + 2.0
            goes_on.set()
            assert (await waiting).status is FeedbackStatus.ACTIVE


@both
def test_it_takes_up_each_change(made: Made) -> None:
    responses = [feedback_response(revision) for revision in (1, 2, 3)]
    with ScriptedPeer(send(*responses)) as peer, made(peer.address, options=OPTIONS) as caller:
        caller.follow()
        eventually_newest(caller, lambda newest: newest.revision == 3)


@both
def test_it_is_safe_while_the_server_is_away_and_recovers(made: Made) -> None:
    with ScriptedPeer(beating(feedback_response(3))) as peer, made(peer.address, options=IMPATIENT) as caller:
        caller.follow()
        eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.ACTIVE)
        peer.stop()
        stale = eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.STALE)
        assert_safe(stale)
        assert stale.revision == 3
        peer.start()
        back = eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.ACTIVE)
        assert back.revision == 3


@both
def test_it_is_safe_when_the_server_falls_silent(made: Made) -> None:
    silent = threading.Event()
    with (
        ScriptedPeer(beating(feedback_response(3), silent.is_set)) as peer,
        made(peer.address, options=IMPATIENT) as caller,
    ):
        caller.follow()
        eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.ACTIVE)
        silent.set()
        eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.STALE)


@both
def test_it_is_safe_when_the_heartbeat_says_stale(made: Made) -> None:
    stale = heartbeat_response(3, status=feedback_pb2.FEEDBACK_STATUS_STALE)
    with ScriptedPeer(send(feedback_response(3), stale)) as peer, made(peer.address, options=OPTIONS) as caller:
        caller.follow()
        assert_safe(eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.STALE))


@both
def test_it_is_safe_once_valid_until_has_passed(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    short = service_pb2.StreamFeedbackResponse(feedback=feedback_message(3, valid_for_s=SHORT_S))
    with ScriptedPeer(send(short)) as peer, made(peer.address, options=OPTIONS) as caller:
        caller.follow()
        assert caller.wait_for_newest().status is FeedbackStatus.ACTIVE
        set_clock_ahead(monkeypatch, SHORT_S)
        assert caller.newest.status is FeedbackStatus.STALE
        assert_safe(caller.newest)


@both
def test_values_that_were_withheld_are_fetched_once_they_are_in_force_again(made: Made) -> None:
    withheld = feedback_message(3, status=feedback_pb2.FEEDBACK_STATUS_STALE)
    script = send(service_pb2.StreamFeedbackResponse(feedback=withheld), heartbeat_response(3))
    with ScriptedPeer(script) as peer, made(peer.address, options=OPTIONS) as caller:
        peer.feedback = feedback_message(3)
        caller.follow()
        newest = eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.ACTIVE)
        assert newest.updated_policy is Policy.AGGRESSIVE
        assert len(peer.requests) == 1


@both
def test_it_never_gives_up(made: Made) -> None:
    with (
        ScriptedPeer(
            refusal(grpc.StatusCode.UNIMPLEMENTED),
            refusal(grpc.StatusCode.PERMISSION_DENIED),
            refusal(grpc.StatusCode.INVALID_ARGUMENT),
            end,
            send(feedback_response(3)),
        ) as peer,
        made(peer.address, options=OPTIONS) as caller,
    ):
        caller.follow()
        assert caller.wait_for_newest().revision == 3


@both
def test_after_closing_it_is_safe(made: Made) -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer:
        with made(peer.address, options=OPTIONS) as caller:
            caller.follow()
            assert caller.wait_for_newest().status is FeedbackStatus.ACTIVE
        assert_safe(caller.newest)
        assert caller.newest.status is FeedbackStatus.STALE
        assert eventually(lambda: peer.open_streams == 0)


def own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("strategic-memory")]


def test_closing_leaves_no_thread() -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer:
        with StrategicMemoryClient(peer.address, options=OPTIONS) as client:
            client.follow()
            client.wait_for_newest()
            assert "strategic-memory-follow" in own_threads()
        assert "strategic-memory-follow" not in own_threads(), "closing waits for it"
        assert eventually(lambda: not own_threads())


def test_dropping_the_client_ends_its_thread() -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer:
        client = StrategicMemoryClient(peer.address, options=OPTIONS)
        client.follow()
        client.wait_for_newest()
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None
        assert eventually(lambda: not own_threads())
        assert eventually(lambda: peer.open_streams == 0)


async def test_closing_leaves_no_task() -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=OPTIONS) as client:
            client.follow()
            await client.wait_for_newest()
        assert await aeventually(lambda: len(asyncio.all_tasks()) == 1)


async def test_it_does_not_wait_for_a_loop_that_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    short = service_pb2.StreamFeedbackResponse(feedback=feedback_message(3, valid_for_s=SHORT_S))
    with ScriptedPeer(send(short)) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=OPTIONS) as client:
            client.follow()
            assert (await client.wait_for_newest()).status is FeedbackStatus.ACTIVE
            # Nothing else runs in this loop meanwhile: the validity ends by the clock alone.
            set_clock_ahead(monkeypatch, SHORT_S)
            assert client.newest.status is FeedbackStatus.STALE


def test_following_needs_a_running_loop() -> None:
    client = AsyncStrategicMemoryClient("127.0.0.1:1", options=OPTIONS)
    with pytest.raises(RuntimeError, match="no running event loop"):
        client.follow()


def test_many_threads_read_it_while_it_changes() -> None:
    responses = [feedback_response(revision) for revision in range(1, 31)]
    with (
        ScriptedPeer(send(*responses)) as peer,
        StrategicMemoryClient(peer.address, options=OPTIONS) as client,
    ):
        seen: list[list[int]] = [[] for _ in range(2)]

        def read(into: list[int]) -> None:
            while not into or into[-1] < 30:
                into.append(client.newest.revision)

        threads = [threading.Thread(target=read, args=(into,), daemon=True) for into in seen]
        for thread in threads:
            thread.start()
        client.follow()
        for thread in threads:
            thread.join(60)
        assert all(each == sorted(each) and each[-1] == 30 for each in seen)
