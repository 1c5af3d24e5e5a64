"""AnalysisThreads: works out analyses beside the event loop, a few at once, and stops one that nobody waits for."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog

from strategic_memory_server.rpc.analyses.heap import give_back_freed_memory, give_large_blocks_their_own_pages
from strategic_memory_server.waiting.checkpoint import AbandonedError, Checkpoint

ANALYSES_AT_ONCE = 2

LARGE_REQUEST_BYTES = 4 * 1024 * 1024
"""From this size on requests are analysed one at a time: what they take is many times their size, for some seconds."""

ResultT = TypeVar("ResultT")

logger = structlog.get_logger(__name__)


class AnalysisThreads:
    """Gives analyses a place and a thread."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(ANALYSES_AT_ONCE)
        self._large = asyncio.Semaphore(1)
        self._threads = ThreadPoolExecutor(ANALYSES_AT_ONCE, thread_name_prefix="analysis")
        give_large_blocks_their_own_pages()

    @asynccontextmanager
    async def place(self, request_bytes: int) -> AsyncIterator[None]:
        """Wait for a place for a request of a size, and hold it."""
        if request_bytes < LARGE_REQUEST_BYTES:
            async with self._places:
                yield
        else:
            # In this order, so that large requests that wait for each other leave a place to small ones.
            async with self._large, self._places:
                yield

    async def run(self, work: Callable[[Checkpoint], ResultT], request_bytes: int = 0) -> ResultT:
        """Do work in a thread, for a request of a size. When the caller is cancelled, it ends at its next checkpoint.

        Raises:
            AbandonedError: that has happened; nobody sees it.
        """
        abandoned = threading.Event()
        do = _tidy if request_bytes >= LARGE_REQUEST_BYTES else _stoppable
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, do, work, abandoned)
        finally:
            abandoned.set()


def _stoppable(work: Callable[[Checkpoint], ResultT], abandoned: threading.Event) -> ResultT:
    def checkpoint() -> None:
        if abandoned.is_set():
            raise AbandonedError

    started_s = time.monotonic()
    try:
        return work(checkpoint)
    except AbandonedError:
        logger.info("Analysis stopped: its caller has gone", after_s=round(time.monotonic() - started_s, 3))
    # Another one, which does not hold on to what the work was at when it ended.
    raise AbandonedError


def _tidy(work: Callable[[Checkpoint], ResultT], abandoned: threading.Event) -> ResultT:
    try:
        return _stoppable(work, abandoned)
    finally:
        give_back_freed_memory()
