"""ValidityBound: how long the newest feedback holds, by a clock that nobody sets from when it is heard of.

`valid_until` is a time by the clock of Redis, which can be set, or be another one after a failover: an advice lives no
longer for it, and no shorter. So how much of the validity is left is asked once, when the feedback is heard of.
"""

from __future__ import annotations

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.redis_access.redis_clock import TOLERATED_SKEW_MS, RedisClock


class ValidityBound:
    """Synchronous.

    Args:
        clock: the clock of Redis; None: the times that are given count, and nothing else.
    """

    def __init__(self, clock: RedisClock | None) -> None:
        self._clock = clock
        self._heard: tuple[str, int, Times] | None = None
        self._ends_ms: int | None = None

    def hear(self, epoch: str, revision: int, times: Times) -> None:
        """Take note of the newest feedback and its times; hearing the same again does not prolong them."""
        heard = (epoch, revision, times)
        if heard == self._heard:
            return
        self._heard, self._ends_ms = heard, None
        if self._clock is not None and times.valid_until_ms is not None:
            self._ends_ms = self._clock.elapsed_ms() + _left_ms(times, times.valid_until_ms, self._clock.now_ms())

    def now_ms(self, clock_ms: int) -> int:
        """Return the time by the clock that the feedback was written by; that of the argument where it has no end."""
        left_ms = self._left_ms()
        valid_until_ms = self._heard[2].valid_until_ms if self._heard else None
        return clock_ms if left_ms is None or valid_until_ms is None else valid_until_ms - left_ms

    def left_ms(self, clock_ms: int) -> int | None:
        """Return how long the validity lasts from now, milliseconds, below 0 once it is over; None: it has no end."""
        valid_until_ms = self._heard[2].valid_until_ms if self._heard else None
        return None if valid_until_ms is None else valid_until_ms - self.now_ms(clock_ms)

    def _left_ms(self) -> int | None:
        return None if self._ends_ms is None or self._clock is None else self._ends_ms - self._clock.elapsed_ms()


def _left_ms(times: Times, valid_until_ms: int, now_ms: int) -> int:
    """Return what is left of a validity that is heard of now."""
    if times.computed_at_ms is None:
        return valid_until_ms - now_ms
    if times.computed_at_ms > now_ms + TOLERATED_SKEW_MS:
        # The clock was set back since, or the log was written by one that was ahead: nobody can tell how old it is.
        return -1
    return valid_until_ms - max(now_ms, times.computed_at_ms)
