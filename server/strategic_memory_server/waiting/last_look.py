"""How to wait for what may lie here unread once the time is over, since this process has stood still meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

LAST_LOOK_S = 0.05
"""So much longer it is waited for after the time, seconds: some turns of the event loop are between a socket and it."""


async def is_done_within(awaited: asyncio.Future[Any], within_s: float) -> bool:
    """Wait for it at most so long, and tell whether it is done; it is not cancelled.

    After a standstill the time is over before anything that came meanwhile has been read.
    """
    for wait_s in (within_s, LAST_LOOK_S):
        done, _ = await asyncio.wait([awaited], timeout=wait_s)
        if done:
            return True
    return False
