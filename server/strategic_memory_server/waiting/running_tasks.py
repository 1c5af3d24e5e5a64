"""The tasks of the service: started, watched and ended.

A part that ends by an error would leave a service that looks alive and is not; it is told instead, so that the whole
service ends and whoever runs it starts it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

import structlog

CANCEL_AGAIN_S = 0.1
"""Wait before a task that outlived its cancellation is cancelled again, seconds."""

logger = structlog.get_logger(__name__)


@asynccontextmanager
async def running(forever: Coroutine[Any, Any, None], name: str, broken: asyncio.Event) -> AsyncIterator[None]:
    """Run a task until the context is left; `broken` is set when it ends by an error."""
    task = started(forever, name, broken)
    try:
        yield
    finally:
        await cancel(task)


def started(forever: Coroutine[Any, Any, None], name: str, broken: asyncio.Event) -> asyncio.Task[None]:
    """Start a task; `broken` is set when it ends by an error, which is logged."""

    def ended(task: asyncio.Task[None]) -> None:
        error = _cancelled_by_nobody(task) if task.cancelled() else task.exception()
        if error is not None:
            logger.critical("A part of the service has ended by a fault of the program", part=name, exc_info=error)
            broken.set()

    task = asyncio.create_task(forever, name=name)
    task.add_done_callback(ended)
    return task


def _cancelled_by_nobody(task: asyncio.Task[None]) -> BaseException | None:
    """Return what to tell of a task that was cancelled from inside, as where what it waits for was given up."""
    return None if task.cancelling() else asyncio.CancelledError("nobody has cancelled this part of the service")


async def side_by_side(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do several things at once. Where one fails, the others are given up, and its error is raised."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            await cancel(task)


async def cancel(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end.

    Once may not be enough: a library that waits under `asyncio.wait_for`, which on CPython 3.11 loses a cancellation
    that arrives as what it waits for completes, must not keep the service from stopping.
    Goes 2027-10 with CPython 3.11.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_AGAIN_S)
