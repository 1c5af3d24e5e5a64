"""How streams end: a loop that is left, a client that is closed, a task that is cancelled."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest
from client.feedback_samples import feedback_response
from client.scripted_peer import ScriptedPeer, end, send
from processes import aeventually, eventually

from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    Backoff,
    ClientOptions,
    FeedbackReceived,
    StrategicMemoryClient,
    SubscriptionEvent,
)

OPTIONS = ClientOptions(heartbeat_interval_s=5.0, backoff=Backoff(initial_s=0.01, max_s=0.05), connect_timeout_s=30.0)


def test_leaving_the_loop_ends_the_stream() -> None:
    with (
        ScriptedPeer(send(feedback_response(1))) as peer,
        StrategicMemoryClient(peer.address, options=OPTIONS) as client,
    ):
        for _ in client.stream_feedback():
            break
        assert eventually(lambda: peer.open_streams == 0)
        assert eventually(lambda: not own_threads())


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("strategic-memory")]


async def test_leaving_the_loop_ends_the_asynchronous_stream() -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=OPTIONS) as client:
            async for _ in client.stream_feedback():
                break
            gc.collect()
            assert await aeventually(lambda: peer.open_streams == 0)
            assert await aeventually(lambda: len(asyncio.all_tasks()) == 1)


def test_closing_the_client_ends_the_loop_of_another_thread() -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer:
        client = StrategicMemoryClient(peer.address, options=OPTIONS)
        seen: list[SubscriptionEvent] = []
        thread = threading.Thread(target=lambda: seen.extend(client.stream_events()))
        thread.start()
        assert eventually(lambda: seen)
        client.close()
        thread.join(60)
        assert not thread.is_alive()
        assert [type(event) for event in seen] == [FeedbackReceived]
        assert eventually(lambda: peer.open_streams == 0)


async def test_closing_the_client_ends_the_loop_of_another_task() -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer:
        client = AsyncStrategicMemoryClient(peer.address, options=OPTIONS)
        seen: asyncio.Queue[SubscriptionEvent] = asyncio.Queue()

        async def read() -> None:
            async for event in client.stream_events():
                await seen.put(event)

        task = asyncio.create_task(read())
        assert isinstance(await asyncio.wait_for(seen.get(), 60.0), FeedbackReceived)
        await client.aclose()
        await asyncio.wait_for(task, 60.0)
        assert seen.empty()


async def test_a_task_that_reads_can_be_cancelled() -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer:
        async with AsyncStrategicMemoryClient(peer.address, options=OPTIONS) as client:

            async def read() -> None:
                async for _ in client.stream_feedback():
                    pass

            task = asyncio.create_task(read())
            assert await aeventually(lambda: peer.open_streams == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await aeventually(lambda: peer.open_streams == 0)


def test_closing_the_client_ends_its_wait_between_two_attempts() -> None:
    patient = ClientOptions(backoff=Backoff(initial_s=60.0, max_s=60.0))
    with ScriptedPeer(end) as peer:
        client = StrategicMemoryClient(peer.address, options=patient)
        thread = threading.Thread(target=lambda: list(client.stream_events()))
        thread.start()
        assert eventually(lambda: len(peer.requests) == 1)
        client.close()
        thread.join(60)
        assert not thread.is_alive()


def test_several_threads_stream_from_one_client() -> None:
    with (
        ScriptedPeer(send(feedback_response(1))) as peer,
        StrategicMemoryClient(peer.address, options=OPTIONS) as client,
    ):
        seen: list[int] = []
        threads = [
            threading.Thread(target=lambda: seen.append(next(client.stream_feedback()).revision)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert seen == [1] * 8
