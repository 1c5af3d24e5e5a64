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
        clock: the clock of Redis.
    """

    def __init__(self, clock: RedisClock) -> None:
        self._clock = clock
        self._observed: tuple[str, int, Times] | None = None
        # What the clock that the feedback was written by is ahead of `elapsed_ms`; None: it has no end.
        self._ahead_ms: int | None = None

    def observe(self, epoch: str, revision: int, times: Times) -> None:
        """Take note of the newest feedback and its times; hearing the same again does not prolong them."""
        observed = (epoch, revision, times)
        if observed == self._observed:
            return
        self._observed, self._ahead_ms = observed, None
        if times.valid_until_ms is not None:
            left_ms = _left_ms(times, times.valid_until_ms, self._clock.now_ms())
            self._ahead_ms = times.valid_until_ms - left_ms - self._clock.elapsed_ms()

    def now_ms(self) -> int:
        """Return the time by the clock that the feedback was written by; that of Redis where it has no end."""
        return self._clock.now_ms() if self._ahead_ms is None else self._clock.elapsed_ms() + self._ahead_ms


def _left_ms(times: Times, valid_until_ms: int, now_ms: int) -> int:
    """Return what is left of a validity that is heard of now."""
    if times.computed_at_ms is None:
        return valid_until_ms - now_ms
    if times.computed_at_ms > now_ms + TOLERATED_SKEW_MS:
        # The clock was set back since, or the log was written by one that was ahead: nobody can tell how old it is.
        return -1
    return valid_until_ms - max(now_ms, times.computed_at_ms)
