"""A cancellation that got lost in the Redis client."""

from __future__ import annotations

import asyncio


def raise_if_cancelled() -> None:
    """End a long reading whose caller has gone.

    The Redis client writes under `asyncio.wait_for`, which on CPython 3.11 loses a cancellation that arrives as the
    write completes; the task still knows of it.

    Raises:
        asyncio.CancelledError: the task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
