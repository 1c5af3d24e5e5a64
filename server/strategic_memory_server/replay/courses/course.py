"""Course: what one kind of rules has advised over a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.record.record import Progress, Record

Decisions = NDArray[Any]
"""Decisions as rows of named fields, `FIELDS`."""

FIELDS: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]] = [
    ("place", "i8"),
    ("time_ms", "i8"),
    ("policy", "i1"),
    ("advised", "?"),
    ("confidence", "f8"),
    ("regime", "i2"),
    ("probability_best", "f8", (len(Policy),)),
]
"""A decision: its place in the record (after the last entry: the number of entries), the time of the entry there (or of
the last one), and the fields of `Advised`."""

TOLD_EVERY = 200
"""Decisions between two words about the progress."""

Decision = tuple[int, int, int, bool, float, int, tuple[float, ...]]
"""A decision before it becomes a row."""


class Advised(NamedTuple):
    """What is advised at one point.

    Attributes:
        policy: policy advised, CONSERVATIVE while there is no advice.
        advised: whether there was advice.
        confidence: confidence said, 0 to 1; 0 while there is no advice.
        regime: index of the regime that the advice is about; -1 while there is no advice, or no regime.
        probability_best: of each policy in that regime, a third each without one; zeros by rules that do not say it.
    """

    policy: int
    advised: bool
    confidence: float
    regime: int
    probability_best: tuple[float, ...] = (0.0,) * len(Policy)


class Learner(Protocol):
    """Rules that learn: brought forward over a record, they say at any place what they advise there."""

    def move_to(self, place: int) -> None:
        """Take in the entries before a place of the record, and after the last place moved to."""

    def advise(self) -> Sequence[Advised]:
        """Advise from what was taken in: one advice for each course."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Advice at each decision point, and after the last entry.

    Attributes:
        every: entries from one decision to the next, asked for.
        decisions: all decisions, in the order of their places; the last is the one after the last entry.
        has_probabilities: whether the rules say how likely each policy is the best.
    """

    every: int
    decisions: Decisions
    has_probabilities: bool

    def __len__(self) -> int:
        return int(self.decisions.size)

    def in_force(self, places: IndexColumn) -> IndexColumn:
        """Return the place in `decisions` of the one that holds at each of some places of the record."""
        return np.searchsorted(self.decisions["place"], places, side="right") - 1


def decisions_of(record: Record, learner: Learner, every: int, progress: Progress) -> list[Decisions]:
    """Let rules advise at each decision point, and after the last entry; give the decisions of each of their courses.

    Args:
        record: what happened.
        learner: who advises; of one walk over the record there can be several courses.
        every: entries from one decision to the next.
        progress: told how much is done, 0 to 1.
    """
    times = record.entries.time_ms
    points = decision_points(times, every).tolist()
    decided: list[list[Decision]] = []
    for number, (place, time_ms) in enumerate(
        zip([*points, len(record)], [*times[points].tolist(), record.last_time_ms], strict=True)
    ):
        learner.move_to(place)
        decided.append([(place, time_ms, *advised) for advised in learner.advise()])
        if number % TOLD_EVERY == 0:
            progress(place / len(record))
    progress(1.0)
    return [np.array(list(decisions), dtype=FIELDS) for decisions in zip(*decided, strict=True)]


def decision_points(time_ms: IndexColumn, every: int) -> IndexColumn:
    """Find the places at which advice is worked out anew: the first is the start, the others at least `every` apart.

    Advice for an entry rests on what was known before its time. So a decision point is the first entry of its time, and
    the advice holds from there up to the next point.

    Args:
        time_ms: times of the entries of a record, ascending.
        every: entries from one point to the next, at least 1.
    """
    starts: IndexColumn = np.flatnonzero(np.concatenate((np.ones(min(time_ms.size, 1)), np.diff(time_ms))))
    if every == 1:
        return starts
    points: list[int] = []
    place = 0
    while place < starts.size:
        points.append(int(starts[place]))
        place = int(np.searchsorted(starts, points[-1] + every))
    return np.array(points, dtype=np.int64)


def affordable_every(entries: int, most_decisions: int) -> int:
    """Return the fewest entries between decisions for which there are no more than so many decisions."""
    return max(-(-entries // most_decisions), 1)
