"""Clients and streams where they cannot work: in a copy, a forked process, a second loop, at the end of the program."""

from __future__ import annotations

import asyncio
import copy
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from multiprocessing.reduction import ForkingPickler
from typing import Any

import pytest
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_message, feedback_response
from client.scripted_peer import Response, ScriptedPeer, Stream, send
from client.transports.test_client_processes import run_python
from processes import aeventually, eventually

from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    ClientOptions,
    FeedbackStatus,
    SharedClientError,
    StrategicMemoryClient,
)

pytestmark = pytest.mark.processes

PATIENT = ClientOptions(heartbeat_interval_s=30.0, timeout_s=30.0)


def pickled(protocol: int) -> Callable[[object], object]:
    return lambda taken: ForkingPickler.dumps(taken, protocol)


COPIES: list[Callable[[object], object]] = [
    copy.copy,
    copy.deepcopy,
    *(pickled(protocol) for protocol in range(6)),
]


async def test_neither_a_client_nor_what_it_gives_can_be_copied() -> None:
    client, other = StrategicMemoryClient(), AsyncStrategicMemoryClient()
    streams = (client.stream_feedback(), client.stream_events(), other.stream_feedback())
    for taken in (client, other, client.admin, other.admin, *streams):
        for take in COPIES:
            with pytest.raises(SharedClientError, match="make a client where it is used, from its address"):
                take(taken)
    client.close()
    await other.aclose()


def test_a_stream_that_another_thread_waits_for_says_how_it_is_ended() -> None:
    with (
        ScriptedPeer(send(feedback_response(3))) as peer,
        StrategicMemoryClient(peer.address, options=PATIENT) as client,
    ):
        stream, heard = client.stream_feedback(), list[int]()
        reader = threading.Thread(target=lambda: heard.extend(feedback.revision for feedback in stream), daemon=True)
        reader.start()
        # It is heard a moment before it is waited for what comes after it.
        running: Any = stream
        eventually(lambda: heard and running._items.gi_running, what="the first feedback is read, and the next awaited")
        for use in (stream.close, lambda: next(stream)):
            with pytest.raises(
                SharedClientError, match="waited for elsewhere just now: end it there, or close the client"
            ):
                use()
        client.close()
        reader.join(30)
        assert not reader.is_alive()
        stream.close()


async def test_a_stream_that_another_task_waits_for_says_how_it_is_ended() -> None:
    with ScriptedPeer(send()) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=PATIENT) as client:
            stream = client.stream_feedback()
            reader = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            with pytest.raises(
                SharedClientError, match="waited for elsewhere just now: end it there, or close the client"
            ):
                await stream.aclose()
            await client.aclose()
            with pytest.raises(StopAsyncIteration):
                await reader
            await stream.aclose()


def test_a_second_loop_is_told_to_make_a_client_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer:
        peer.feedback = feedback_message(3)
        client = AsyncStrategicMemoryClient(peer.address, options=PATIENT)
        stream = client.stream_feedback()

        async def use() -> None:
            client.follow()
            assert (await anext(stream)).revision == (await client.get_feedback()).revision == 3

        async def use_elsewhere() -> None:
            for again in (client.get_feedback, client.wait_for_newest, lambda: anext(stream), stream.aclose):
                with pytest.raises(SharedClientError, match="another event loop"):
                    await again()
            for open_again in (client.follow, client.stream_feedback):
                with pytest.raises(SharedClientError, match="another event loop"):
                    open_again()
            await client.aclose()

        with asyncio.Runner() as first:
            first.run(use())
            asyncio.run(use_elsewhere())
            assert "not closed: the client belongs to another event loop" in caplog.text
            first.run(client.aclose())


@pytest.mark.parametrize("made", CALLERS)
def test_whoever_reads_a_closed_client_that_followed_is_told_once(
    made: type[BlockingCaller | AsyncCaller], caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer, made(peer.address, options=PATIENT) as caller:
        caller.follow()
        assert caller.wait_for_newest().status is FeedbackStatus.ACTIVE
        caller.close_client()
        caller.close_client()
        caplog.set_level(logging.WARNING)
        # gRPC's own poller may complain of an event loop that has gone.
        assert not [record for record in caplog.records if record.name.startswith("strategic_memory_client")]
        assert {caller.newest.status for _ in range(3)} == {FeedbackStatus.STALE}
        told = [record.message for record in caplog.records if "will not change" in record.message]
        assert len(told) == 1
        assert "the client was closed; close it once nobody reads it any more" in told[0]


async def test_following_that_was_cancelled_is_told_and_can_begin_again(caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=PATIENT) as client:
            client.follow()
            await client.wait_for_newest()
            (following,) = (task for task in asyncio.all_tasks() if task.get_name() == "strategic-memory-follow")
            following.cancel()
            await asyncio.wait([following])
            assert client.newest.status is FeedbackStatus.STALE
            assert "call follow() again" in caplog.text
            client.follow()
            assert await aeventually(lambda: client.newest.leverage_hint > 1.0)
            names = [task.get_name() for task in asyncio.all_tasks()]
            assert names.count("strategic-memory-looks") == 1


def test_a_forked_worker_is_told_once_that_the_newest_cannot_move() -> None:
    with ScriptedPeer(send(feedback_response(7))) as peer:
        done = run_python(
            """
            import os, sys, warnings
            # With its own handlers of forks gRPC may abort the child, whatever that does (docs/client.md).
            os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
            from strategic_memory_client import ClientClosedError, StrategicMemoryClient
            warnings.simplefilter("default")
            client = StrategicMemoryClient(sys.argv[1])
            client.follow()
            stream = client.stream_feedback()
            print(next(stream).revision, client.wait_for_newest(30).status, flush=True)
            if (child := os.fork()) == 0:
                print({client.newest.status for _ in range(1000)}, flush=True)
                for use in (client.get_feedback, client.follow, lambda: next(stream), client.wait_for_newest):
                    try:
                        print(use().status, flush=True)
                    except ClientClosedError as error:
                        print(error, flush=True)
                client.close()
                os._exit(0)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), client.newest.status)
            client.close()
            """,
            peer.address,
        )
    advice = "the client was made before this process was forked off: make a new one in each process"
    assert done.stdout.splitlines() == [
        "7 ACTIVE",
        "{<FeedbackStatus.STALE: 'STALE'>}",
        *[advice] * 3,
        "STALE",
        "0 ACTIVE",
    ]
    assert done.stderr.count("forked off after the client was made; make one in each process") == 1


AT_THE_END = """
    import sys, threading
    from concurrent.futures import ThreadPoolExecutor
    from strategic_memory_client import StrategicMemoryClient
    client = StrategicMemoryClient(sys.argv[1])
    seen = threading.Event()
    def read():
        for feedback in client.stream_feedback():
            print(feedback.revision, flush=True)
            seen.set()
            SLOWLY
        print("ended", flush=True)
    START
    seen.wait()
"""


@pytest.mark.parametrize("slowly", ["pass", "threading.main_thread().join(0.3)"], ids=["waiting", "busy"])
def test_a_thread_of_an_executor_ends_with_the_program(slowly: str) -> None:
    code = AT_THE_END.replace("SLOWLY", slowly).replace("START", "ThreadPoolExecutor(1).submit(read)")
    with ScriptedPeer(send(feedback_response(7))) as peer:
        done = run_python(code, peer.address)
        assert (done.returncode, done.stdout, done.stderr) == (0, "7\nended\n", "")
        assert eventually(lambda: peer.open_streams == 0)


def test_a_thread_of_an_executor_that_waits_for_the_newest_ends_with_the_program() -> None:
    with ScriptedPeer(send()) as peer:
        done = run_python(
            """
            import sys, threading
            from concurrent.futures import ThreadPoolExecutor
            from strategic_memory_client import StrategicMemoryClient
            client = StrategicMemoryClient(sys.argv[1])
            client.follow()
            begun = threading.Event()
            def wait():
                begun.set()
                print(client.wait_for_newest(600).status)
            ThreadPoolExecutor(1).submit(wait)
            begun.wait()
            """,
            peer.address,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "WARMING_UP\n", "")


def on_and_on(stream: Stream) -> Iterator[Response]:
    for revision in itertools.count(7):
        yield feedback_response(revision)
        if not stream.goes_on(0.01):
            return


def test_a_thread_of_the_program_s_own_goes_on_after_the_main_thread() -> None:
    start = "threading.Thread(target=read).start(); threading.Thread(target=close_later).start()"
    code = AT_THE_END.replace("SLOWLY", "pass").replace("START", f"{start}")
    close_later = """
    def close_later():
        threading.main_thread().join()
        seen.clear()
        seen.wait()
        print("still reading", flush=True)
        client.close()
    """
    with ScriptedPeer(on_and_on) as peer:
        done = run_python(code.replace("    def read():", f"{close_later[1:-4]}    def read():"), peer.address)
        assert (done.returncode, done.stderr) == (0, "")
        first, *_, last = lines = done.stdout.splitlines()
        assert (first, last) == ("7", "ended")
        assert "still reading" in lines
