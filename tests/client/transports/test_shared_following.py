"""What clients of one process share while they follow the same servers, and what each has for itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest
from client.feedback_samples import feedback_message, feedback_response
from client.scripted_peer import Response, ScriptedPeer, Stream, end, send
from client.transports.test_client_follow import OPTIONS, SHORT_S, beating, own_threads, set_clock_ahead
from client.transports.test_client_processes import run_python
from processes import eventually

from strategic_memory.v1 import service_pb2
from strategic_memory_client import Backoff, ClientClosedError, Feedback, FeedbackStatus, Policy, StrategicMemoryClient

SAFE = (Policy.CONSERVATIVE, 1.0)
RARELY = replace(OPTIONS, backoff=Backoff(60.0, 60.0))


def is_active(feedback: Feedback) -> bool:
    return feedback.status is FeedbackStatus.ACTIVE


def test_one_that_begins_later_has_what_the_others_know_at_once() -> None:
    with (
        ScriptedPeer(send(feedback_response(3))) as peer,
        StrategicMemoryClient(peer.address, options=OPTIONS) as first,
        StrategicMemoryClient(peer.address, options=replace(OPTIONS)) as later,
    ):
        first.follow()
        assert is_active(first.wait_for_newest())
        assert later.newest.status is FeedbackStatus.WARMING_UP
        later.follow()
        assert later.newest == first.newest
        assert later.wait_for_newest(0.001) == first.newest
        assert len(peer.requests) == 1


def test_one_that_begins_while_nobody_is_heard_waits_until_somebody_is() -> None:
    with (
        ScriptedPeer(beating(feedback_response(3))) as peer,
        StrategicMemoryClient(peer.address, options=OPTIONS) as first,
        StrategicMemoryClient(peer.address, options=OPTIONS) as later,
        ThreadPoolExecutor(1) as pool,
    ):
        first.follow()
        first.wait_for_newest()
        peer.stop()
        following = first._follower._following
        assert following is not None
        assert eventually(lambda: not following._is_connected)
        later.follow()
        waiting = pool.submit(later.wait_for_newest, 60.0)
        assert not later._follower.has_received.is_set()
        peer.start()
        assert is_active(waiting.result(60.0))


def test_a_short_validity_ends_for_each_of_them_by_the_clock_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    short = service_pb2.StreamFeedbackResponse(feedback=feedback_message(3, valid_for_s=SHORT_S))
    all_have_it = threading.Event()

    def ends_late(stream: Stream) -> Iterator[Response]:
        all_have_it.wait(60.0)
        yield from end(stream)

    with ScriptedPeer(send(short, then=ends_late), end) as peer:
        clients = [StrategicMemoryClient(peer.address, options=RARELY) for _ in range(3)]
        for client in clients:
            client.follow()
        assert all(is_active(client.wait_for_newest()) for client in clients)
        all_have_it.set()
        following = clients[0]._follower._following
        assert following is not None
        assert eventually(lambda: not following._is_connected)
        set_clock_ahead(monkeypatch, SHORT_S)
        assert not any(is_active(client.newest) for client in clients)
        assert {(client.newest.updated_policy, client.newest.leverage_hint) for client in clients} == {SAFE}
        for client in clients:
            client.close()


def follow(client: StrategicMemoryClient, together: threading.Barrier) -> None:
    together.wait(60.0)
    with suppress(ClientClosedError):
        client.follow()


def test_one_that_is_closed_while_it_begins_to_follow_is_left_out() -> None:
    with ScriptedPeer(send(feedback_response(3))) as peer, ThreadPoolExecutor(2) as pool:
        for _ in range(50):
            client, together = StrategicMemoryClient(peer.address, options=OPTIONS), threading.Barrier(3)
            begun = [pool.submit(follow, client, together) for _ in range(2)]
            together.wait(60.0)
            client.close()
            for each in begun:
                each.result(60.0)
            assert not is_active(client._newest.held.advised)
        assert eventually(lambda: not own_threads() and peer.open_streams == 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.processes
def test_a_process_that_is_forked_while_another_thread_begins_to_follow_can_do_so_too() -> None:
    done = run_python(
        """
        import os, threading
        from strategic_memory_client import StrategicMemoryClient
        StrategicMemoryClient().close()
        from strategic_memory_client.transports.synchronous.following import FOLLOWINGS
        held, over = threading.Event(), threading.Event()
        def hold():
            with FOLLOWINGS._lock:
                held.set()
                over.wait()
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        if (child := os.fork()) == 0:
            os._exit(0 if FOLLOWINGS._lock.acquire(timeout=5.0) else 1)
        over.set()
        thread.join()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
