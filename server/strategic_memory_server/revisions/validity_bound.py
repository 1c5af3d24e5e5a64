"""ValidityBound: how long the newest feedback can hold at most, by a clock that nobody sets.

`valid_until` is a time of the wall clock, and a wall clock can be set back while Redis is away; an advice must not live
longer for that. So it also ends when its whole validity has passed since this server first heard of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from strategic_memory_server.advice.feedback import Times


def monotonic_ms() -> int:
    """Return milliseconds of a clock that only goes forward."""
    return time.monotonic_ns() // 1_000_000


class ValidityBound:
    """Synchronous.

    Args:
        elapsed_ms: milliseconds of a clock that only goes forward.
    """

    def __init__(self, elapsed_ms: Callable[[], int]) -> None:
        self._elapsed_ms = elapsed_ms
        self._heard: tuple[str, int, Times] | None = None
        self._ends_ms: int | None = None

    def hear(self, epoch: str, revision: int, times: Times) -> None:
        """Take note of the newest feedback and its times; hearing the same again does not prolong them."""
        heard = (epoch, revision, times)
        if heard == self._heard:
            return
        self._heard, self._ends_ms = heard, None
        if times.computed_at_ms is not None and times.valid_until_ms is not None:
            self._ends_ms = self._elapsed_ms() + max(times.valid_until_ms - times.computed_at_ms, 0)

    def now_ms(self, wall_ms: int) -> int:
        """Return the time now; past the validity where that has ended, whatever the wall clock says."""
        valid_until_ms = self._heard[2].valid_until_ms if self._heard else None
        if valid_until_ms is None or self._ends_ms is None or self._elapsed_ms() <= self._ends_ms:
            return wall_ms
        return max(wall_ms, valid_until_ms + 1)

    def left_ms(self, wall_ms: int) -> int | None:
        """Return how long the validity can last from now, milliseconds; None: there is no end to it."""
        valid_until_ms = self._heard[2].valid_until_ms if self._heard else None
        if valid_until_ms is None:
            return None
        left_ms = valid_until_ms - wall_ms
        return left_ms if self._ends_ms is None else min(left_ms, self._ends_ms - self._elapsed_ms())
