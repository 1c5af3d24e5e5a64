"""A connection that looks open and carries nothing: whoever waited in vain has the next call dial anew."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator

import pytest
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_message, feedback_response
from client.scripted_peer import ScriptedPeer, send
from faults.tcp_proxy import TcpProxy
from processes import eventually

from strategic_memory.v1 import analysis_pb2
from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    Backoff,
    ClientOptions,
    DeadlineExceededError,
    FeedbackReceived,
    SilentServerError,
    StrategicMemoryClient,
)

Made = type[BlockingCaller | AsyncCaller]
Caller = BlockingCaller | AsyncCaller
OPTIONS = ClientOptions(timeout_s=30.0, connect_timeout_s=30.0)
IN_VAIN_S = 0.5
"""So long is waited for what does not come."""
QUICKLY = Backoff(initial_s=0.01, max_s=0.05)

both = pytest.mark.parametrize("made", CALLERS)


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    with ScriptedPeer(send(feedback_response(3))) as peer:
        peer.feedback = feedback_message(3)
        peer.analysis = analysis_pb2.Analysis()
        yield peer


@pytest.fixture
def proxy(peer: ScriptedPeer) -> Iterator[TcpProxy]:
    with TcpProxy(peer.address) as proxy:
        yield proxy


def ask(caller: Caller, method: str, timeout_s: float | None = None) -> None:
    """Call this method of the client."""
    asked = getattr(caller._client, method)(timeout_s=timeout_s)
    if isinstance(caller, AsyncCaller):
        caller.run(asked)


@both
@pytest.mark.parametrize("method", ["get_feedback", "analyze", "check_health"])
def test_one_call_fails_on_it_and_the_next_one_is_answered(made: Made, method: str, proxy: TcpProxy) -> None:
    with made(proxy.address, options=OPTIONS) as caller:
        ask(caller, method)
        for connections in (2, 3):
            proxy.hold_open()
            with pytest.raises(DeadlineExceededError):
                ask(caller, method, IN_VAIN_S)
            ask(caller, method)
            ask(caller, method)
            assert proxy.accepted == connections
        proxy.heal()  # what was held back arrives, the end of the frozen ones too
        gc.collect()  # `pytest.raises` keeps the errors, and so the calls, in cycles
        assert eventually(lambda: proxy.connections == 1)


@both
def test_another_server_that_took_over_the_address_is_found(made: Made, peer: ScriptedPeer, proxy: TcpProxy) -> None:
    with ScriptedPeer(send()) as other, made(proxy.address, options=OPTIONS) as caller:
        other.feedback = feedback_message(4)
        assert caller.get_feedback().revision == 3
        proxy.retarget(other.address)
        proxy.hold_open()
        with pytest.raises(DeadlineExceededError):
            caller.get_feedback(IN_VAIN_S)
        assert caller.get_feedback().revision == 4


@both
def test_a_stream_dials_anew_after_silence(made: Made, proxy: TcpProxy) -> None:
    options = ClientOptions(heartbeat_interval_s=0.1, missed_heartbeats=1, backoff=QUICKLY)
    with made(proxy.address, options=options) as caller:
        events = caller.stream_events()
        # On a busy machine a connection may take longer than silence may last, and is given up.
        assert any(isinstance(event, FeedbackReceived) for event in events)
        before = proxy.accepted
        lost = next(events)
        assert isinstance(getattr(lost, "error", None), SilentServerError)
        next(events)
        assert proxy.accepted > before


def test_calls_that_wait_on_it_at_the_same_time_are_left_to_end(peer: ScriptedPeer) -> None:
    with StrategicMemoryClient(peer.address, options=OPTIONS) as client:
        client.get_feedback()
        peer.hold_calls = True
        answers: list[int] = []
        slow = threading.Thread(target=lambda: answers.append(client.get_feedback(timeout_s=30.0).revision))
        slow.start()
        assert eventually(lambda: peer.unary_calls == 2)
        with pytest.raises(DeadlineExceededError):
            client.get_feedback(timeout_s=IN_VAIN_S)
        peer.hold_calls = False
        assert client.get_feedback().revision == 3
        peer.answer_held_calls()
        slow.join(60)
        assert answers == [3]


async def test_calls_that_their_caller_gave_up_count_too(proxy: TcpProxy) -> None:
    async with AsyncStrategicMemoryClient(proxy.address, options=ClientOptions(timeout_s=30.0)) as client:
        await client.get_feedback()
        proxy.hold_open()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.get_feedback(), 0.2)
        assert (await asyncio.wait_for(client.get_feedback(), 30.0)).revision == 3


@both
def test_calls_that_are_shorter_than_connecting_let_it_be_made(made: Made, proxy: TcpProxy) -> None:
    proxy.delay(200.0)
    with made(proxy.address, options=ClientOptions(timeout_s=0.5, connect_timeout_s=60.0)) as caller:

        def answered() -> bool:
            try:
                return caller.get_feedback().revision == 3
            except DeadlineExceededError:
                return False

        assert eventually(answered)
        assert proxy.accepted == 1
