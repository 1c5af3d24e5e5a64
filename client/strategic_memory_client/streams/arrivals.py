"""Arrivals: for how long what is heard now may have waited unread, while the program or its machine stood still.

A heartbeat that came while nobody read says what held then. Whoever counts its validity from when it was read would act
upon advice whose time is over.
"""

from __future__ import annotations

import math

LOOK_EVERY_S = 0.5
_STOOD_STILL_S = 2 * LOOK_EVERY_S
_READ_WITHIN_S = 1.0
"""So soon after a program goes on all is read that has waited."""


class Arrivals:
    """Is told the time again and again: where two looks lie too far apart, nothing was read in between."""

    __slots__ = ("_going_on_s", "_last_s", "_stopped_s")

    def __init__(self) -> None:
        self._last_s = self._stopped_s = self._going_on_s = -math.inf

    def look(self, now_s: float) -> None:
        """Take that the program runs now. `now_s` counts from anywhere, and goes on while the program does not."""
        if self._last_s > -math.inf:
            self.away(self._last_s, now_s)
        self._last_s = now_s

    def away(self, since_s: float, now_s: float) -> None:
        """Take that nothing was read in between, up to now."""
        if now_s - since_s <= _STOOD_STILL_S:
            return
        # Of what had waited before, some may not have been read yet.
        goes_on_standing = since_s - self._going_on_s <= _READ_WITHIN_S
        self._stopped_s = min(self._stopped_s, since_s) if goes_on_standing else since_s
        self._going_on_s = now_s

    def waited_s(self, now_s: float) -> float:
        """Return the longest time for which a message that is read now may have waited, seconds."""
        stands_still = _STOOD_STILL_S < now_s - self._last_s < math.inf
        ran_until_s = self._last_s if stands_still else now_s
        if ran_until_s - self._going_on_s <= _READ_WITHIN_S:
            return now_s - self._stopped_s
        return now_s - ran_until_s
