"""ObserverClock: the one clock of a history."""

from __future__ import annotations

import time


class ObserverClock:
    """Gives milliseconds since 1970-01-01 UTC that never go back, whatever is done to the machine's clock meanwhile."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ms(self) -> float:
        """Return the time."""
        return (self._offset_ns + time.monotonic_ns()) / 1_000_000
