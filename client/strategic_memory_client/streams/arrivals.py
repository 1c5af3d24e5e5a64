"""Arrivals: for how long what is heard now may have waited unread, while the program or its machine stood still.

A heartbeat that came while nobody read says what held then. Whoever counts its validity from when it was read would act
upon advice whose time is over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from time import monotonic, time
from typing import NamedTuple

_LOOK_EVERY_S = 0.5
_LOOK_SOON_S = 0.05
"""Time between two looks while what has waited may not all have been read."""
_STOOD_STILL_S = 2 * _LOOK_EVERY_S
_STEP_LATE_S = 0.25
_READ_WITHIN_S = 1.0
"""So soon after a program goes on all is read that has waited."""
_LOOKS_OF_A_READER = 4
"""By the last of as many looks whoever waits for a message has had what had come before the first."""


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


def in_steps(timeout_s: float) -> Iterator[float]:
    """Split a wait: of a standstill one step counts, however long it lasts, and in the next what has come is read.

    Where no whole step is left for that, there is one more.
    """
    is_unread = False
    while timeout_s > 0.0:
        step_s = min(timeout_s, _LOOK_EVERY_S)
        began = moment()
        yield step_s
        timeout_s -= step_s
        stood_still = passed_s(began, moment()) > step_s + _STEP_LATE_S
        is_unread = stood_still or (is_unread and step_s < _LOOK_EVERY_S)
    if is_unread:
        yield _LOOK_EVERY_S


class Arrivals:
    """Is told the time again and again: where two looks lie too far apart, nothing was read in between."""

    __slots__ = ("_going_on", "_is_waited_for", "_last", "_looks", "_read_until", "_stopped")

    def __init__(self) -> None:
        self._last = self._stopped = self._going_on = self._read_until = _NEVER
        self._is_waited_for = True
        self._looks: tuple[Moment, ...] = ()  # since a message is waited for

    def look(self, now: Moment) -> float:
        """Take that the program runs now; return the seconds until the next look."""
        if self._last is not _NEVER:
            self.away(self._last, now)
        self._last = now
        if self._is_waited_for:
            self._looks = (*self._looks, now)[-_LOOKS_OF_A_READER:]
            if len(self._looks) == _LOOKS_OF_A_READER:
                self._read_until = self._looks[0]
        return _LOOK_SOON_S if passed_s(self._going_on, now) <= _READ_WITHIN_S else _LOOK_EVERY_S

    def wait(self) -> None:
        """Take that the next message is waited for from now on."""
        self._looks = ()
        self._is_waited_for = True

    def away(self, since: Moment, now: Moment) -> None:
        """Take that nothing was read in between, up to now."""
        if passed_s(since, now) <= _STOOD_STILL_S:
            return
        # Of what had waited before, some may not have been read yet.
        goes_on_standing = passed_s(self._going_on, since) <= _READ_WITHIN_S
        stopped = min(self._stopped, since) if goes_on_standing else since
        # Or who stands still again and again would be ever further behind.
        self._stopped = max(stopped, self._read_until)
        self._going_on = now

    def waited_s(self, now: Moment) -> float:
        """Return the longest time for which a message that is read now may have waited, seconds.

        It is dealt with until `wait`.
        """
        self._is_waited_for = False
        self.look(now)  # which may be overdue
        return passed_s(self._stopped, now) if passed_s(self._going_on, now) <= _READ_WITHIN_S else 0.0

    def heard(self, now: Moment) -> Moment:
        """Return the earliest time at which a message that is read now may have come.

        Count from this and ask no clock after it: the program may stand still between any two lines.
        """
        waited_s = self.waited_s(now)
        return Moment(now.steady_s - waited_s, now.wall_s - waited_s)
