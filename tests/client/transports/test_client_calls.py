"""Single calls of both clients over real sockets, against a peer that misbehaves to order."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_message
from client.scripted_peer import ScriptedPeer
from grpc_health.v1 import health_pb2
from processes import aeventually, eventually

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_client import (
    AnalysisSettings,
    AsyncStrategicMemoryClient,
    ClientClosedError,
    ClientOptions,
    DeadlineExceededError,
    FeedbackStatus,
    InlineMemory,
    Policy,
    Problem,
    RegimeColumns,
    ServerFaultError,
    ServiceHealth,
    ServiceUnavailableError,
    StrategicMemoryClient,
    UnsupportedOperationError,
)

Made = type[BlockingCaller | AsyncCaller]
OPTIONS = ClientOptions(timeout_s=60.0, connect_timeout_s=30.0)
"""Who stands still for longer than a connection may take to be made is told that there is no server."""

both = pytest.mark.parametrize("made", CALLERS)


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    with ScriptedPeer() as peer:
        peer.feedback = feedback_message(revision=3)
        yield peer


@pytest.fixture
def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@both
def test_get_feedback(made: Made, peer: ScriptedPeer) -> None:
    with made(peer.address, options=OPTIONS) as caller:
        feedback = caller.get_feedback()
    assert (feedback.revision, feedback.status, feedback.updated_policy) == (
        3,
        FeedbackStatus.ACTIVE,
        Policy.AGGRESSIVE,
    )


@both
def test_problems_come_from_the_server_that_answers(made: Made, peer: ScriptedPeer) -> None:
    with made(peer.address, options=OPTIONS) as caller:
        assert caller.get_problems() == ()
        peer.problems = [service_pb2.Problem(name="log_lost", sentence="the log is gone")]
        assert caller.get_problems() == (Problem("log_lost", "the log is gone"),)


@both
def test_an_answer_without_feedback_is_safe(made: Made, peer: ScriptedPeer) -> None:
    peer.feedback = None
    with made(peer.address, options=OPTIONS) as caller:
        assert caller.get_feedback().status is FeedbackStatus.STALE


@both
def test_analyze_sends_the_memory_and_the_settings(made: Made, peer: ScriptedPeer) -> None:
    memory = InlineMemory(RegimeColumns(regime=["BULL"], pnl=[1.0]))
    with made(peer.address, options=OPTIONS) as caller:
        result = caller.analyze(memory, AnalysisSettings(trade_window=7))
    sent = peer.analyses[0].inline.regime_observations
    assert (list(sent.regime_names), list(sent.regime_code)) == (["BULL"], [0])
    assert peer.analyses[0].settings.trade_window == 7
    assert result.feedback.revision == 3


@both
def test_a_server_that_is_not_there_is_told_at_once(made: Made, free_address: str) -> None:
    started_s = time.monotonic()
    with made(free_address, options=OPTIONS) as caller, pytest.raises(ServiceUnavailableError) as caught:
        caller.get_feedback()
    assert free_address in str(caught.value)
    assert time.monotonic() - started_s < 15.0


@both
def test_a_server_that_takes_too_long(made: Made, peer: ScriptedPeer) -> None:
    peer.hold_calls = True
    with made(peer.address, options=OPTIONS) as caller, pytest.raises(DeadlineExceededError):
        caller.get_feedback(timeout_s=0.2)


@both
def test_a_peer_that_accepts_and_never_speaks_is_given_up(made: Made) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        options = ClientOptions(timeout_s=20.0, connect_timeout_s=0.3)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        started_s = time.monotonic()
        with made(address, options=options) as caller, pytest.raises(ServiceUnavailableError):
            caller.get_feedback()
        assert time.monotonic() - started_s < 15.0


@both
def test_asks_the_next_server_and_remembers_which_one_answered(made: Made, peer: ScriptedPeer) -> None:
    with ScriptedPeer() as draining:
        draining.unary_refusal = (grpc.StatusCode.UNAVAILABLE, "DRAINING")
        with made(draining.address, peer.address, options=OPTIONS) as caller:
            assert [caller.get_feedback().revision for _ in range(3)] == [3, 3, 3]
        assert (draining.unary_calls, peer.unary_calls) == (1, 3)


@both
def test_a_server_that_answers_with_a_fault_is_not_asked_around(made: Made, peer: ScriptedPeer) -> None:
    with ScriptedPeer() as broken:
        broken.unary_refusal = (grpc.StatusCode.INTERNAL, "")
        with (
            made(broken.address, peer.address, options=OPTIONS) as caller,
            pytest.raises(ServerFaultError),
        ):
            caller.get_feedback()
    assert peer.unary_calls == 0


@both
def test_what_one_server_does_not_know_the_next_one_is_asked(made: Made, peer: ScriptedPeer) -> None:
    """While a service is upgraded, or taken back, its servers are of two versions."""
    with ScriptedPeer() as older:
        older.unary_refusal = (grpc.StatusCode.UNIMPLEMENTED, "")
        with made(older.address, peer.address, options=OPTIONS) as caller:
            assert caller.get_feedback().revision == 3
        with (
            made(older.address, older.address, options=OPTIONS) as caller,
            pytest.raises(UnsupportedOperationError),
        ):
            caller.get_feedback()
    assert peer.unary_calls == 1


@both
def test_comes_back_after_a_restart_of_the_server(made: Made, peer: ScriptedPeer) -> None:
    with made(peer.address, options=OPTIONS) as caller:
        caller.get_feedback()
        peer.stop()
        with pytest.raises(ServiceUnavailableError):
            caller.get_feedback()
        peer.start()

        def answers() -> bool:
            try:
                return caller.get_feedback().revision == 3
            except ServiceUnavailableError:
                return False

        assert eventually(answers)


@both
def test_takes_answers_of_many_megabytes(made: Made, peer: ScriptedPeer) -> None:
    assert peer.feedback is not None
    peer.feedback.reasons.append(feedback_pb2.Reason(sentence="x" * 20_000_000))
    with made(peer.address, options=OPTIONS) as caller:
        assert len(caller.get_feedback().reasons[0].sentence) == 20_000_000


@both
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (health_pb2.HealthCheckResponse.SERVING, (True, "SERVING")),
        (health_pb2.HealthCheckResponse.NOT_SERVING, (False, "NOT_SERVING")),
        (77, (False, "UNKNOWN")),
        (None, (False, "SERVICE_UNKNOWN")),
    ],
)
def test_check_health(made: Made, peer: ScriptedPeer, answer: int | None, expected: tuple[bool, str]) -> None:
    peer.health = answer
    with made(peer.address, options=OPTIONS) as caller:
        assert caller.check_health() == ServiceHealth(*expected, address=peer.address)


@both
def test_a_closed_client_says_so(made: Made, peer: ScriptedPeer) -> None:
    with made(peer.address, options=OPTIONS) as caller:
        caller.get_feedback()
        caller.close_client()
        for use in (caller.get_feedback, caller.check_health, caller.analyze, caller.follow):
            with pytest.raises(ClientClosedError):
                use()
        with pytest.raises(ClientClosedError):
            next(caller.stream_events())


def test_closing_ends_a_call_that_is_under_way(peer: ScriptedPeer) -> None:
    peer.hold_calls = True
    client = StrategicMemoryClient(peer.address, options=OPTIONS)
    failures: list[BaseException] = []

    def call() -> None:
        try:
            client.get_feedback(timeout_s=30.0)
        except ClientClosedError as error:
            failures.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert eventually(lambda: peer.unary_calls == 1)
    client.close()
    thread.join(60)
    assert not thread.is_alive()
    assert len(failures) == 1


def test_several_threads_share_a_client(peer: ScriptedPeer) -> None:
    with StrategicMemoryClient(peer.address, options=OPTIONS) as client, ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: client.get_feedback().revision, range(200))
        assert list(answers) == [3] * 200


async def test_closing_ends_an_asynchronous_call_that_is_under_way(peer: ScriptedPeer) -> None:
    peer.hold_calls = True
    client = AsyncStrategicMemoryClient(peer.address, options=OPTIONS)
    call = asyncio.create_task(client.get_feedback(timeout_s=30.0))
    assert await aeventually(lambda: peer.unary_calls == 1)
    await client.aclose()
    with pytest.raises(ClientClosedError):
        await asyncio.wait_for(call, 60.0)


async def test_an_asynchronous_call_can_be_cancelled(peer: ScriptedPeer) -> None:
    peer.hold_calls = True
    async with AsyncStrategicMemoryClient(peer.address, options=OPTIONS) as client:
        call = asyncio.create_task(client.get_feedback(timeout_s=30.0))
        assert await aeventually(lambda: peer.unary_calls == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
