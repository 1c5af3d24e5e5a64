"""RecordedAdvice: what would have been held at each moment of a record, for training without a service."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Self

from strategic_memory_client.rl.advice_files import (
    EFFECTIVE_TRADES,
    PROBABILITY_BEST,
    AdviceFileError,
    Columns,
    read_columns,
)
from strategic_memory_client.rl.advice_log import logged_feedback
from strategic_memory_client.rl.held_advice import POLICIES, SAFE_ADVICE, HeldAdvice, held_advice
from strategic_memory_client.rl.moments import Moment, moment_ns
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.results import SAFE_LEVERAGE, UNKNOWN_REGIME

__all__ = ["AdviceFileError", "Moment", "RecordedAdvice"]


class RecordedAdvice:
    """Advice with the time from which each was known. It never changes: a copy of it is itself.

    Args:
        known_ns: from when on each was known, nanoseconds since 1970-01-01 UTC, growing.
        preferred: what each advised for the regime that pays best.
        current: the same for the regime that was.

    Raises:
        ValueError: the times do not grow, or the lengths differ.
    """

    def __init__(self, known_ns: Sequence[int], preferred: Sequence[HeldAdvice], current: Sequence[HeldAdvice]) -> None:
        if not len(known_ns) == len(preferred) == len(current):
            raise ValueError("known_ns, preferred and current must be of one length")
        if any(later < earlier for earlier, later in pairwise(known_ns)):
            raise ValueError("the times from which advice was known must not go back")
        self._known_ns = list(known_ns)
        self._preferred, self._current = list(preferred), list(current)
        self.regimes = frozenset(each.current_regime for each in (*self._preferred, *self._current)) - {UNKNOWN_REGIME}
        """Each that was the regime that is, at some time, upper case."""

    @classmethod
    def from_file(cls, file: str | Path) -> Self:
        """Read what `strategic-memory-server replay --advice-out` has written, .csv or .parquet.

        Raises AdviceFileError.
        """
        columns = read_columns(Path(file))
        try:
            return cls(columns["known_at"], _of_rows(columns, ""), _of_rows(columns, "current_"))
        except ValueError as error:
            raise AdviceFileError(f"{file}: {error}") from None

    @classmethod
    def from_log(cls, address: str, *, timeout_s: float = 30.0) -> Self:
        """Read the log of a running service: what it has said, each from when it said it. See `logged_feedback`."""
        said = [each for each in logged_feedback(address, timeout_s) if each.timestamp is not None]
        known = [moment_ns(each.timestamp) for each in said]
        # A clock that was set back between two of them: both were known by the later time.
        for place in range(1, len(known)):
            known[place] = max(known[place], known[place - 1])
        preferred, current = ([held_advice(each, of_current=which) for each in said] for which in (False, True))
        return cls(known, preferred, current)

    def __len__(self) -> int:
        return len(self._known_ns)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def at(self, moment: Moment, *, of_current: bool = False) -> HeldAdvice:
        """Return what was held at a moment: the newest advice that was known strictly before it.

        What happens at the very time from which an advice was known is in that advice already.
        """
        place = bisect_left(self._known_ns, moment_ns(moment)) - 1
        advice = self._current if of_current else self._preferred
        return SAFE_ADVICE if place < 0 else advice[place]

    def cursor(self, *, of_current: bool = False) -> Cursor:
        """Return what reads it forwards, step by step."""
        return Cursor(self._known_ns, self._current if of_current else self._preferred)


class Cursor:
    """Reads a record forwards in constant time a step; going back costs a search.

    Args:
        known_ns: from when on each was known.
        advice: what was known then.
    """

    __slots__ = ("_advice", "_known_ns", "_next", "_now_ns")

    def __init__(self, known_ns: Sequence[int], advice: Sequence[HeldAdvice]) -> None:
        self._known_ns = known_ns
        self._advice = advice
        self._next = 0
        self._now_ns = 0

    def at(self, moment: Moment) -> HeldAdvice:
        """Return what was held at a moment, as `RecordedAdvice.at`."""
        now_ns, known_ns = moment_ns(moment), self._known_ns
        if now_ns < self._now_ns:
            self._next = bisect_left(known_ns, now_ns)
        else:
            place, end = self._next, len(known_ns)
            while place < end and known_ns[place] < now_ns:
                place += 1
            self._next = place
        self._now_ns = now_ns
        return self._advice[self._next - 1] if self._next else SAFE_ADVICE


def _of_rows(columns: Columns, prefix: str) -> list[HeldAdvice]:
    """Return the advice of each row: for the preferred regime, or with the prefix for the current one."""
    rows = zip(
        columns["status"],
        columns[f"{prefix}policy"],
        columns[f"{prefix}confidence"],
        columns[f"{prefix}leverage"],
        columns["leverage"],
        columns["current_regime"],
        columns["revision"],
        zip(*(columns[name] for name in PROBABILITY_BEST), strict=True),
        zip(*(columns[name] for name in EFFECTIVE_TRADES), strict=True),
        columns["guard_factor"],
        strict=True,
    )
    advice = []
    for status, policy, confidence, leverage, of_preferred, regime, revision, best, effective, guard in rows:
        # Where nothing is advised for the current regime, the safe values hold.
        known = policy or Policy.CONSERVATIVE
        safe = min(SAFE_LEVERAGE, of_preferred)
        advice.append(
            HeldAdvice(
                status,
                known,
                0.0 if policy is None else confidence or 0.0,
                safe if policy is None or leverage is None else leverage,
                regime,
                revision,
                None if None in best else best,
                effective[POLICIES.index(known)] or 0.0,
                1.0 if guard is None else guard,
            )
        )
    return advice
