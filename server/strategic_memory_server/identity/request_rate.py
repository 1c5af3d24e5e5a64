"""RequestRate: how many requests a second each caller may make (token bucket)."""

from __future__ import annotations

import time
from collections.abc import Callable

from strategic_memory_server.faults.limits import TooManyRequestsError

_FEW = 1_024
"""So many callers are remembered whatever they do."""


class RequestRate:
    """Gives each caller tokens, as many as the rate in a second, and takes some for each request.

    Args:
        per_second: requests a second; whoever made none for a second may make as many at once.
        setting: the variable that says so, to be named in the refusal.
        clock_s: seconds on a clock that never goes back.
    """

    def __init__(self, per_second: float, setting: str, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._setting = setting
        self._clock_s = clock_s
        # When the bucket of a caller will be full again: until then it lacks what comes in that time.
        self._full_at_s: dict[str, float] = {}
        self._forget_from = _FEW

    def take(self, caller: str, cost: float = 1.0) -> None:
        """Count a request.

        Args:
            caller: who makes it.
            cost: as how many it counts.

        Raises:
            TooManyRequestsError: it comes too early.
        """
        now_s = self._clock_s()
        full_at_s = max(self._full_at_s.get(caller, now_s), now_s) + cost / self._per_second
        early_s = full_at_s - now_s - max(cost / self._per_second, 1.0)
        if early_s > 0:
            raise TooManyRequestsError(self._setting, self._per_second, early_s)
        self._full_at_s[caller] = full_at_s
        if len(self._full_at_s) > self._forget_from:
            self._forget(now_s)

    def _forget(self, now_s: float) -> None:
        """Forget those whose bucket is full: they are as those who never came."""
        self._full_at_s = {caller: at_s for caller, at_s in self._full_at_s.items() if at_s > now_s}
        self._forget_from = max(2 * len(self._full_at_s), _FEW)
