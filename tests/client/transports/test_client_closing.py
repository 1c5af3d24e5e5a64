"""Closing from awkward places: a signal handler, the garbage collector, a forked process; twice; while it connects."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_message, feedback_response, heartbeat_response
from client.scripted_peer import Response, ScriptedPeer, Stream, send
from client.transports.test_client_processes import run_python
from processes import aeventually, eventually

from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    ClientClosedError,
    ClientOptions,
    StrategicMemoryClient,
)

Made = type[BlockingCaller | AsyncCaller]
both = pytest.mark.parametrize("made", CALLERS)
PATIENT = ClientOptions(heartbeat_interval_s=30.0, connect_timeout_s=30.0, timeout_s=30.0)


@pytest.fixture
def address_that_never_answers() -> Iterator[str]:
    """It accepts connections, and no more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@both
def test_closing_twice(made: Made) -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer, made(peer.address, options=PATIENT) as caller:
        caller.follow()
        caller.wait_for_newest()
        caller.close_client()
        caller.close_client()
        with pytest.raises(ClientClosedError):
            caller.get_feedback()


def test_closing_from_several_threads_at_once() -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer:
        client = StrategicMemoryClient(peer.address, options=PATIENT)
        client.follow()
        client.wait_for_newest()
        threads = [threading.Thread(target=client.close) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
        assert eventually(lambda: peer.open_streams == 0)


def test_closing_ends_a_wait_for_the_newest(address_that_never_answers: str) -> None:
    client = StrategicMemoryClient(address_that_never_answers, options=PATIENT)
    client.follow()
    waiters = [threading.Thread(target=client.wait_for_newest, args=(300.0,), daemon=True) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    client.close()
    for waiter in waiters:
        waiter.join(60)
    assert not any(waiter.is_alive() for waiter in waiters)


async def test_closing_ends_a_wait_for_the_newest_in_a_loop(address_that_never_answers: str) -> None:
    client = AsyncStrategicMemoryClient(address_that_never_answers, options=PATIENT)
    client.follow()
    waiting = asyncio.create_task(client.wait_for_newest(300.0))
    await asyncio.sleep(0)
    await client.aclose()
    async with asyncio.timeout(60):
        await waiting


def test_closing_while_it_connects(address_that_never_answers: str) -> None:
    client = StrategicMemoryClient(address_that_never_answers, options=PATIENT)
    ended: list[str] = []

    def ask() -> None:
        try:
            client.get_feedback()
        except ClientClosedError:
            ended.append("call")

    def read() -> None:
        ended.extend("event" for _ in client.stream_events())
        ended.append("stream")

    threads = [threading.Thread(target=each) for each in (ask, read)]
    for thread in threads:
        thread.start()
    client.follow()
    # The stream that is read and the one that is followed: a thread may run its first line late.
    assert eventually(lambda: [each.name for each in threading.enumerate()].count("strategic-memory-silence") > 1)
    client.close()
    for thread in threads:
        thread.join(60)
    assert sorted(ended) == ["call", "stream"]


async def test_closing_an_asynchronous_client_while_it_connects(address_that_never_answers: str) -> None:
    client = AsyncStrategicMemoryClient(address_that_never_answers, options=PATIENT)

    async def read() -> list[object]:
        return [event async for event in client.stream_events()]

    asking, reading = asyncio.create_task(client.get_feedback()), asyncio.create_task(read())
    client.follow()
    await asyncio.sleep(0)  # lets all of them begin
    await asyncio.gather(client.aclose(), client.aclose())
    with pytest.raises(ClientClosedError):
        await asyncio.wait_for(asking, 60.0)
    assert await asyncio.wait_for(reading, 60.0) == []
    assert await aeventually(lambda: len(asyncio.all_tasks()) == 1)


async def test_a_wait_that_is_cancelled_leaves_the_client_usable() -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer:
        peer.feedback = feedback_message(1)
        async with AsyncStrategicMemoryClient(peer.address, options=PATIENT) as client:
            events = client.stream_events()
            await anext(events)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.05)
            assert [event async for event in events] == [], "a cancelled wait ends the iteration"
            assert await aeventually(lambda: peer.open_streams == 0)
            peer.hold_calls = True
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.get_feedback(), 0.05)
            peer.hold_calls = False
            assert (await client.get_feedback()).revision == 1


FROM_A_HANDLER = """
import signal, sys, threading
from strategic_memory_client import ClientClosedError, StrategicMemoryClient
address, what, delays = sys.argv[1], sys.argv[2], [float(each) for each in sys.argv[3].split(",")]
for delay in delays:
    client = StrategicMemoryClient(address)
    signal.signal(signal.SIGALRM, lambda *_: client.close())
    signal.setitimer(signal.ITIMER_REAL, delay)
    try:
        if what == "call":
            while True:
                client.get_feedback(timeout_s=20)
        elif what == "stream":
            for _ in client.stream_events():
                pass
        else:
            while True:
                client.follow()
                next(client.stream_events())
    except (ClientClosedError, StopIteration):
        pass
print("ended", len(delays))
"""


@pytest.mark.processes
@pytest.mark.parametrize("what", ["call", "stream", "follow"])
def test_a_signal_handler_may_close_the_client_at_any_moment(what: str) -> None:
    def talk(stream: Stream) -> Iterator[Response]:
        revision = 1
        yield feedback_response(revision)
        while stream.goes_on(0.0005):
            yield heartbeat_response(revision)

    delays = ",".join(f"{0.0007 * step + 0.001:.4f}" for step in range(60))
    with ScriptedPeer(talk) as peer:
        peer.feedback = feedback_message(1)
        done = run_python(FROM_A_HANDLER, peer.address, what, delays)
        assert (done.returncode, done.stdout) == (0, "ended 60\n"), done.stderr
        assert eventually(lambda: peer.open_streams == 0)


@pytest.mark.processes
def test_the_collector_may_find_a_dropped_client_in_a_thread_of_grpc() -> None:
    def talk(stream: Stream) -> Iterator[Response]:
        yield feedback_response(7)
        while stream.goes_on(0.002):
            yield heartbeat_response(7)

    with ScriptedPeer(talk) as peer:
        peer.feedback = feedback_message(7)
        done = run_python(
            """
            import gc, sys, threading, time
            from strategic_memory_client import StrategicMemoryClient

            class Agent:
                pass

            def threads():
                return sorted(thread.name for thread in threading.enumerate() if thread is not threading.main_thread())

            dropped = threading.Event()

            def collect_in_grpc(frame, event, argument):
                if event == "call" and frame.f_code.co_name == "handle_event" and dropped.is_set():
                    collected.append(gc.collect())

            collected = []
            gc.disable()
            threading.setprofile(collect_in_grpc)  # in every thread that starts from here on
            agent = Agent()
            agent.itself, agent.client = agent, StrategicMemoryClient(sys.argv[1])
            agent.client.follow()
            agent.client.wait_for_newest(30)
            agent.client.get_feedback(timeout_s=30)
            del agent
            dropped.set()
            until = time.monotonic() + 30
            while threads() and time.monotonic() < until:
                time.sleep(0.01)
            print(bool(collected), threads())
            """,
            peer.address,
        )
        assert (done.returncode, done.stdout) == (0, "True []\n"), done.stderr
        assert eventually(lambda: peer.open_streams == 0)


@pytest.mark.processes
def test_a_forked_process_is_told_to_make_a_client_of_its_own() -> None:
    done = run_python(
        """
        import asyncio, os, sys
        from strategic_memory_client import AsyncStrategicMemoryClient, StrategicMemoryClient
        client, other = StrategicMemoryClient(), AsyncStrategicMemoryClient()
        if (child := os.fork()) == 0:
            def told(use):
                try:
                    use()
                except Exception as error:
                    print(type(error).__name__, "fork" in str(error), flush=True)
            told(client.get_feedback)
            told(client.follow)
            told(client.stream_feedback)
            told(other.follow)
            told(lambda: asyncio.run(other.get_feedback()))
            client.close()
            print(client.newest.status, flush=True)
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        client.close()
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["ClientClosedError True"] * 5 + ["WARMING_UP", "0"]
