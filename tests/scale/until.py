"""Waits for a condition, with a bound; and whether somebody has interrupted it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from chaos.deadline import NotInTimeError

WITHIN_S = 180.0
"""Longest wait for what hundreds of portfolios or thousands of streams do, on a machine with much else to do."""

_POLL_S = 0.05


async def until(condition: Callable[[], bool | Awaitable[bool]], what: str, within_s: float = WITHIN_S) -> float:
    """Wait until something is true; how long that took, seconds.

    Raises:
        NotInTimeError: it was not in time.
    """
    begun_s = time.monotonic()
    while True:
        found = condition()
        if await found if isinstance(found, Awaitable) else found:
            return time.monotonic() - begun_s
        if time.monotonic() > begun_s + within_s:
            raise NotInTimeError(f"not within {within_s:g} s: {what}")
        await asyncio.sleep(_POLL_S)


def end_if_interrupted(error: Exception) -> None:
    """Go on with the interrupt of a person where an error came of what was ended for it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
