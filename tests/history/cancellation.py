"""Ends tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

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
