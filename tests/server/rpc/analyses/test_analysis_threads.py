"""Places and threads of analyses: how many, how large, and that work which nobody waits for ends."""

from __future__ import annotations

import asyncio
import threading

import pytest
from processes import aeventually

from strategic_memory_server.rpc.analyses.analysis_threads import ANALYSES_AT_ONCE, LARGE_REQUEST_BYTES, AnalysisThreads
from strategic_memory_server.waiting.checkpoint import Checkpoint


class Held:
    """Places that are taken, and held until they are let go."""

    def __init__(self, threads: AnalysisThreads) -> None:
        self.threads = threads
        self.has_place: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def take(self, name: str, request_bytes: int) -> asyncio.Task[None]:
        """Ask for a place in a task of its own."""

        async def hold() -> None:
            async with self.threads.place(request_bytes):
                self.has_place.append(name)
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    self.has_place.remove(name)

        self.tasks[name] = asyncio.create_task(hold())
        return self.tasks[name]

    async def let_go(self, *names: str) -> None:
        """End some of them."""
        for name in names or tuple(self.tasks):
            task = self.tasks.pop(name)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def are(self, *names: str) -> None:
        """Wait until these have a place, and no others."""
        await aeventually(lambda: self.has_place == list(names), what=f"{names}, not {self.has_place}")


async def test_a_few_have_a_place_and_the_others_wait_for_their_turn() -> None:
    held = Held(AnalysisThreads())
    for number in range(ANALYSES_AT_ONCE + 2):
        held.take(str(number), 1)
    await held.are("0", "1")
    await held.let_go("0")
    await held.are("1", "2")
    await held.let_go()


async def test_large_requests_go_one_at_a_time_and_hold_up_no_small_one() -> None:
    held = Held(AnalysisThreads())
    held.take("large", LARGE_REQUEST_BYTES)
    held.take("another large", LARGE_REQUEST_BYTES)
    held.take("small", LARGE_REQUEST_BYTES - 1)
    await held.are("large", "small")
    await held.let_go("large")
    await held.are("small", "another large")
    await held.let_go()


@pytest.mark.parametrize("request_bytes", [1, LARGE_REQUEST_BYTES])
async def test_work_whose_caller_has_gone_ends_at_its_next_checkpoint(
    request_bytes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = AnalysisThreads()
    started, passed, ended = threading.Event(), threading.Event(), threading.Event()

    def work(checkpoint: Checkpoint) -> None:
        started.set()
        try:
            while not passed.wait(0.01):
                checkpoint()
        finally:
            ended.set()

    tasks = [asyncio.create_task(threads.run(work, request_bytes)) for _ in range(ANALYSES_AT_ONCE)]
    try:
        await aeventually(started.is_set)
        for task in tasks:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await aeventually(ended.is_set)
        # Both threads are free again.
        assert await asyncio.gather(*(threads.run(lambda _: 7) for _ in range(ANALYSES_AT_ONCE))) == [7, 7]
    finally:
        passed.set()
    assert "Analysis stopped: its caller has gone" in capsys.readouterr().out


async def test_what_work_raises_reaches_the_caller() -> None:
    def work(_checkpoint: Checkpoint) -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        await AnalysisThreads().run(work, LARGE_REQUEST_BYTES)
