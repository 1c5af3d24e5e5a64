"""Ends tasks, and what they use, for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable

_AGAIN_S = 0.1


async def cancel_all(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they have ended, whatever they end with.

    Once is not enough: redis-py writes under `asyncio.wait_for`, which on CPython 3.11 loses a cancellation that comes
    just as the write is done. Goes 2027-10 with CPython 3.11.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()


async def to_its_end(closing: Awaitable[None]) -> None:
    """Let something close to its end, though who waits is cancelled: redis-py leaves connections open then."""
    task = asyncio.ensure_future(closing)
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()
        raise cancelled
    task.result()
