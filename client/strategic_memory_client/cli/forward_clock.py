"""ForwardClock: the time of day here, by which advice ages also while that is set back or the machine sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class ForwardClock:
    """Tells the later one of the time of day and of what has passed since it was asked last.

    Args:
        wall_s: the time of day, seconds since 1970-01-01 UTC.
        steady_s: seconds of a clock that nobody sets.
    """

    def __init__(self, wall_s: Callable[[], float] = time.time, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._wall_s = wall_s
        self._steady_s = steady_s
        self._told_s = wall_s()
        self._told_at_s = steady_s()

    def now(self) -> datetime:
        """Return the time (aware)."""
        steady_s = self._steady_s()
        self._told_s = max(self._wall_s(), self._told_s + steady_s - self._told_at_s)
        self._told_at_s = steady_s
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=self._told_s)
