"""RedisClock: the time of day by the clock of Redis, which every server on it shares.

Ids that Redis gives are times by it, and so are the validity of an advice and everything that is compared with it.
`TIME` rides on what is read anyway; between two answers the time goes on by a clock that nobody sets. An answer says
where the clock of Redis stands within the time that it took: two that agree narrow that down, and where they do not,
the clock was set. Where the first answers left it open by a second at most, the time stands still rather than going
back: what is worked out later does not say that it is earlier.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from redis.exceptions import NoPermissionError

from strategic_memory_server.faults.problems import TOLD_FOR_S, Problems
from strategic_memory_server.redis_access.round_trip import Reply, packed

ASK_TIME = packed("TIME")

DRIFT = 0.001
"""Most by which two clocks that are slewed (500 ppm each) go apart, in each unit of time."""

TOLERATED_SKEW_MS = 2_000
"""By more than this the clock of this machine is told to be off."""

TOLD_STEP_MS = 1_000
"""By more than this the clock of Redis is told to have been set."""

UNKNOWN = (
    "the user of REDIS_URL lacks +time: until when advice holds counts by the clock of this machine, and servers whose "
    "clocks differ disagree. See docs/redis.md, User and password"
)


def elapsed_ms() -> int:
    """Return milliseconds of a clock that only goes forward, while the machine is suspended too where that is known."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic_ns() if boot_time is None else time.clock_gettime_ns(boot_time)) // 1_000_000


def unix_time_ms() -> int:
    """Return the time of day by this machine, milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """By how much the clock of this machine is ahead of that of Redis; less than 0: behind.

    Attributes:
        skew_ms: the best guess, milliseconds.
        uncertainty_ms: the truth is no further from it than this, milliseconds.
    """

    skew_ms: int
    uncertainty_ms: int


class RedisClock:
    """Follows the clock of one Redis. Synchronous.

    Args:
        problems: is told where the clocks differ, or that of Redis was set.
        elapsed_ms: milliseconds of a clock that only goes forward.
        wall_ms: the time of day by this machine, which serves where Redis has not told it.
    """

    def __init__(
        self,
        problems: Problems | None = None,
        elapsed_ms: Callable[[], int] = elapsed_ms,
        wall_ms: Callable[[], int] = unix_time_ms,
    ) -> None:
        self.elapsed_ms = elapsed_ms
        self._problems = problems or Problems()
        self._wall_ms = wall_ms
        self._read_at_ms = 0
        # What the clock of Redis is ahead of `elapsed_ms`: at least and at most.
        self._ahead: tuple[float, float] | None = None
        self._ahead_ms = 0
        self._at_least_ms = 0

    def now_ms(self) -> int:
        """Return the time of day, milliseconds since 1970-01-01 UTC."""
        if self._ahead is None:
            return self._wall_ms()
        return max(self.elapsed_ms() + self._ahead_ms, self._at_least_ms)

    @property
    def skew(self) -> ClockSkew | None:
        """By how much the clock of this machine is off; None: Redis has not told the time."""
        if self._ahead is None:
            return None
        low, high = self._widened(self._ahead)
        ahead_ms = self.now_ms() - self.elapsed_ms()
        uncertainty_ms = max(high - ahead_ms, ahead_ms - low)
        return ClockSkew(self._wall_ms() - self.now_ms(), round(uncertainty_ms))

    def agrees_with(self, written_ms: int | None) -> bool:
        """Tell whether something can have been written just now by the clock of Redis as it is known here."""
        return written_ms is None or abs(self.now_ms() - written_ms) <= TOLD_STEP_MS

    def take(self, reply: Reply, asked_ms: int) -> int:
        """Take the reply to ASK_TIME, which has just come, and give the time in it, milliseconds since 1970-01-01 UTC.

        Args:
            reply: what Redis has answered; where the user may not ask, the clock of this machine serves.
            asked_ms: when it was asked, as `elapsed_ms` counts.

        Raises:
            redis.exceptions.ResponseError: Redis refused for another reason.
        """
        if isinstance(reply, NoPermissionError):
            self._ahead = None
            self._problems.state("redis_clock_unknown", UNKNOWN)
            return self._wall_ms()
        told_ms = time_ms_of(reply)
        self._problems.withdraw("redis_clock_unknown")
        # It was read between asking and now; all are cut down to whole milliseconds.
        told = told_ms - self.elapsed_ms() - 1, told_ms + 1 - asked_ms
        known = told if self._ahead is None else self._widened(self._ahead)
        before_ms = 0 if self._ahead is None else self.now_ms()
        narrowed = max(known[0], told[0]), min(known[1], told[1])
        if narrowed[0] > narrowed[1]:
            self._was_set((sum(told) - sum(known)) / 2)
            narrowed, before_ms = told, 0
        self._ahead, self._ahead_ms, self._read_at_ms = narrowed, self._guessed(*narrowed), self.elapsed_ms()
        # More than that would have others take what is written meanwhile for something from the future.
        self._at_least_ms = before_ms if before_ms - self._read_at_ms - self._ahead_ms <= TOLD_STEP_MS else 0
        self._look_at_this_machine()
        return told_ms

    def _guessed(self, low: float, high: float) -> int:
        """Return the middle; after an answer that lay unread for long, what this machine says within the bounds.

        Half of that behind, advice would hold for so much longer, and what was just written be from the future. Where
        this machine must be off by more than is tolerated, it says nothing of where in the answer the truth is.
        """
        by_this_machine = self._wall_ms() - self.elapsed_ms()
        within = min(max(by_this_machine, low), high)
        if high - low <= TOLERATED_SKEW_MS or abs(by_this_machine - within) > TOLERATED_SKEW_MS:
            return round((low + high) / 2)
        return round(within)

    def _widened(self, ahead: tuple[float, float]) -> tuple[float, float]:
        drift = (self.elapsed_ms() - self._read_at_ms) * DRIFT
        return ahead[0] - drift, ahead[1] + drift

    def _was_set(self, by_ms: float) -> None:
        if abs(by_ms) > TOLD_STEP_MS:
            sentence = (
                f"the clock of Redis was set {_apart(by_ms, 'forward', 'back')}, or another Redis has taken over; "
                "advice holds no longer for it. Keep the clocks of the machines of Redis in step (NTP)"
            )
            self._problems.state("redis_clock_set", sentence, for_s=TOLD_FOR_S)

    def _look_at_this_machine(self) -> None:
        skew = self.skew
        if skew is None or abs(skew.skew_ms) - skew.uncertainty_ms <= TOLERATED_SKEW_MS:
            self._problems.withdraw("clock_skew")
            return
        sentence = (
            f"the clock of this machine is {_apart(skew.skew_ms, 'ahead', 'behind')} of that of Redis, by which advice "
            "holds; times in the log and ends of certificates and tokens go by this machine. Set the wrong one (NTP)"
        )
        self._problems.state("clock_skew", sentence)


def time_ms_of(reply: Reply) -> int:
    """Read the reply to ASK_TIME, milliseconds since 1970-01-01 UTC.

    Raises:
        redis.exceptions.ResponseError: Redis refused.
    """
    if isinstance(reply, Exception):
        raise reply
    seconds, microseconds = reply
    return int(seconds) * 1000 + int(microseconds) // 1000


def _apart(by_ms: float, more: str, less: str) -> str:
    return f"{abs(by_ms) / 1000:.1f} s {more if by_ms > 0 else less}"
