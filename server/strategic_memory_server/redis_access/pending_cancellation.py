"""A cancellation that got lost in the Redis client.

The Redis client writes under `asyncio.wait_for`, which on CPython 3.11 loses a cancellation that arrives as the write
completes; the task still knows how often it was cancelled. Goes 2027-10 with CPython 3.11.
"""

from __future__ import annotations

import asyncio


def cancellations() -> int:
    """Count the cancellations of the task in hand that nobody has taken back."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def raise_if_cancelled(since: int) -> None:
    """End what the task does if it was cancelled, and is still there.

    Args:
        since: what `cancellations` gave before.

    Raises:
        asyncio.CancelledError: the task was cancelled since.
    """
    if cancellations() > since:
        raise asyncio.CancelledError
