"""TurnClock: the time, which is asked once for all who want to know it in one turn of the event loop.

A change wakes thousands of streams in one turn, and each of them asks what time it is, twice.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

LONGEST_S = 0.005
"""A turn that lasts longer asks again, seconds."""


class TurnClock:
    """Asks in the running event loop.

    Args:
        clock_ms: gives the time, milliseconds since 1970-01-01 UTC.
    """

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._now_ms = 0
        self._holds_until_s = -math.inf

    def now_ms(self) -> int:
        """Return the time, milliseconds since 1970-01-01 UTC."""
        asked_s = time.monotonic()
        if asked_s >= self._holds_until_s:
            self._now_ms, self._holds_until_s = self._clock_ms(), asked_s + LONGEST_S
            asyncio.get_running_loop().call_soon(self._end_turn)
        return self._now_ms

    def _end_turn(self) -> None:
        self._holds_until_s = -math.inf
