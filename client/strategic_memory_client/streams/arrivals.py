"""Arrivals: for how long what is heard now may have waited unread, while the program or its machine stood still.

A heartbeat that came while nobody read says what held then. Whoever counts its validity from when it was read would act
upon advice whose time is over.
"""

from __future__ import annotations

import math
from time import monotonic, time
from typing import NamedTuple

LOOK_EVERY_S = 0.5
_STOOD_STILL_S = 2 * LOOK_EVERY_S
_READ_WITHIN_S = 1.0
"""So soon after a program goes on all is read that has waited."""


class Moment(NamedTuple):
    """A time by two clocks, in seconds: one cannot be set, the other goes on while a machine sleeps."""

    steady_s: float
    wall_s: float


_NEVER = Moment(-math.inf, -math.inf)


def moment() -> Moment:
    """Return what both clocks show now."""
    return Moment(monotonic(), time())


def passed_s(since: Moment, now: Moment) -> float:
    """Return the seconds that have passed by the clock that has gone further."""
    return max(now.steady_s - since.steady_s, now.wall_s - since.wall_s)


class Arrivals:
    """Is told the time again and again: where two looks lie too far apart, nothing was read in between."""

    __slots__ = ("_going_on", "_last", "_stopped")

    def __init__(self) -> None:
        self._last = self._stopped = self._going_on = _NEVER

    def look(self, now: Moment) -> None:
        """Take that the program runs now."""
        if self._last is not _NEVER:
            self.away(self._last, now)
        self._last = now

    def away(self, since: Moment, now: Moment) -> None:
        """Take that nothing was read in between, up to now."""
        if passed_s(since, now) <= _STOOD_STILL_S:
            return
        # Of what had waited before, some may not have been read yet.
        goes_on_standing = passed_s(self._going_on, since) <= _READ_WITHIN_S
        self._stopped = min(self._stopped, since) if goes_on_standing else since
        self._going_on = now

    def waited_s(self, now: Moment) -> float:
        """Return the longest time for which a message that is read now may have waited, seconds."""
        stands_still = _STOOD_STILL_S < passed_s(self._last, now) < math.inf
        ran_until = self._last if stands_still else now
        if passed_s(self._going_on, ran_until) <= _READ_WITHIN_S:
            return passed_s(self._stopped, now)
        return passed_s(ran_until, now)
