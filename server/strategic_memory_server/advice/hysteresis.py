"""Hysteresis: risk is taken away at once, and added only once the rules have asked for it for a while.

A synchronous state machine over values, for one of the two things that a reader of an advice acts upon: the policy or
the leverage. It has no clock: the time, and the results that are known, are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.memory.policy import Policy

LONGEST_WAIT_S = 604_800.0
"""The longest time that the settings allow for, seconds: a week."""


@dataclass(frozen=True, slots=True)
class HysteresisSettings:
    """How long the rules have to ask for more risk before it is followed; ValueError for what makes no sense.

    Attributes:
        results: so many trade results; 0: none are counted.
        seconds: so long, seconds; 0: time does not count. Of the two, whichever passes first.
    """

    results: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.results < 0 or not 0.0 <= self.seconds < float("inf"):
            raise ValueError("hysteresis takes a count and a number of seconds, each at least 0")

    @property
    def is_on(self) -> bool:
        """Whether added risk has to wait at all."""
        return bool(self.results or self.seconds)


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of the present.

    Attributes:
        now_ms: the time, milliseconds since 1970-01-01 UTC.
        results: the first parts of the ids of the newest trade results, ascending; times, where ids are times.
    """

    now_ms: int
    results: IndexColumn

    @property
    def newest_result(self) -> int | None:
        """The newest of the results; None without one."""
        return int(self.results[-1]) if self.results.size else None

    def results_after(self, result: int | None) -> int:
        """Count the results that came after another one; None: after none."""
        found = self.results.size
        return int(found if result is None else found - np.searchsorted(self.results, result, side="right"))


@dataclass(frozen=True, slots=True)
class Wait:
    """Since when more risk has been asked for.

    Attributes:
        since_ms: the time, milliseconds since 1970-01-01 UTC.
        result: the newest result that was known then; None: there was none.
    """

    since_ms: int
    result: int | None

    @classmethod
    def begun(cls, moment: Moment) -> Wait:
        """Begin to wait."""
        return cls(moment.now_ms, moment.newest_result)

    def not_after(self, moment: Moment) -> Wait:
        """Begin anew what began later than now: a clock was set back, or the stream of results was made anew."""
        newest, result = moment.newest_result, self.result
        if result is not None and newest is not None:
            result = min(result, newest)
        return Wait(min(self.since_ms, moment.now_ms), result)

    def is_over(self, moment: Moment, settings: HysteresisSettings) -> bool:
        """Tell whether it has lasted long enough."""
        due_ms = self.due_ms(settings)
        if due_ms is not None and moment.now_ms >= due_ms:
            return True
        return settings.results > 0 and moment.results_after(self.result) >= settings.results

    def due_ms(self, settings: HysteresisSettings) -> int | None:
        """When it is over for the time alone, milliseconds since 1970-01-01 UTC; None: time does not count."""
        return self.since_ms + max(round(settings.seconds * 1000), 1) if settings.seconds else None


@dataclass(frozen=True, slots=True)
class PolicyWait:
    """A bolder policy that waits: the least bold that was asked for throughout, and since when."""

    asked: Policy
    wait: Wait


@dataclass(frozen=True, slots=True)
class LeverageWait:
    """A higher leverage that waits: the lowest that was asked for throughout, and since when."""

    asked: float
    wait: Wait


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one of the two: the level to follow, the one that waits and since when, and whether one gave up.

    Attributes:
        followed: the level to follow.
        asked: the level that waits; None: none does.
        wait: since when.
        flapped: whether more was asked for, and was taken back before it was followed.
    """

    followed: float
    asked: float | None = None
    wait: Wait | None = None
    flapped: bool = False


def step(before: Step, asked: float, moment: Moment, settings: HysteresisSettings) -> Step:
    """Follow what is asked for where that is no more than what was followed; else once it was asked for long enough.

    While it waits, what is asked for may vary. What is followed in the end is the lowest that was asked for: that much
    was asked for all the while. What is above it begins to wait then.

    Args:
        before: how it stood.
        asked: what the rules ask for.
        moment: the present.
        settings: how long more has to be asked for.
    """
    if asked <= before.followed:
        return Step(asked, flapped=before.wait is not None)
    if before.wait is None or before.asked is None:
        return Step(before.followed, asked, Wait.begun(moment))
    lowest, wait = min(before.asked, asked), before.wait.not_after(moment)
    if not wait.is_over(moment, settings):
        return Step(before.followed, lowest, wait)
    if asked <= lowest:
        return Step(lowest)
    return Step(lowest, asked, Wait.begun(moment))
