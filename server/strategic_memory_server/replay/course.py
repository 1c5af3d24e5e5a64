"""Course: what one kind of rules has advised over a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.decision_points import DecisionPoints
from strategic_memory_server.replay.record import Progress, Record, Stretch
from strategic_memory_server.replay.spool import Rows, Spool, Storage

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

_Decision = tuple[int, int, int, bool, float, int, tuple[float, ...]]


class Advised(NamedTuple):
    """What is advised at one point.

    Attributes:
        policy: policy advised, CONSERVATIVE while there is no advice.
        advised: whether there was advice.
        confidence: confidence said, 0 to 1; 0 while there is no advice.
        regime: index of the regime that the advice is about; -1 while there is no advice, or no regime.
        probability_best: of each policy in that regime; zeros where the rules say nothing of it.
    """

    policy: int
    advised: bool
    confidence: float
    regime: int
    probability_best: tuple[float, ...] = (0.0,) * len(Policy)


class Rules(Protocol):
    """Rules that learn: brought forward over a record, they say at any place what they advise there."""

    def enter(self, stretch: Stretch) -> None:
        """Take the next entries to move over; all of those before have been taken in."""

    def move_to(self, place: int) -> None:
        """Take in the entries before a place of the stretch, and after the last place moved to."""

    def advise(self) -> Sequence[Advised]:
        """Advise from what was taken in: one advice for each course."""


class Course:
    """Advice at each decision point, and after the last entry.

    Args:
        every: entries from one decision to the next, asked for.
        storage: where the decisions go.
        tells_probabilities: whether the rules say how likely each policy is the best.
    """

    def __init__(self, every: int, storage: Storage, *, tells_probabilities: bool) -> None:
        self.every = every
        self.tells_probabilities = tells_probabilities
        self._decisions: Spool = storage.spool(FIELDS)

    def __len__(self) -> int:
        return len(self._decisions)

    def append(self, decisions: Rows) -> None:
        """Add decisions, in the order of their places."""
        self._decisions.append(decisions)

    def pieces(self) -> Iterator[Rows]:
        """Give all decisions, some at a time; the last of all is the one after the last entry."""
        return self._decisions.pieces()

    def last(self) -> Rows:
        """Give the decision after the last entry, as the only row."""
        return self._decisions.read(len(self) - 1, 1)


class InForce:
    """Tells which decision of a course holds at places that only move forward."""

    def __init__(self, course: Course) -> None:
        self._pieces = course.pieces()
        self._rows = next(self._pieces)
        self._ahead = next(self._pieces, None)

    def at(self, places: IndexColumn) -> Rows:
        """Give the decision that holds at each place of the record; ascending, none before those asked for earlier."""
        found = np.empty(places.size, dtype=self._rows.dtype)
        done = 0
        while done < places.size:
            end = places.size if self._ahead is None else int(np.searchsorted(places, self._ahead["place"][0]))
            if end > done:
                last = np.searchsorted(self._rows["place"], places[done:end], side="right") - 1
                found[done:end] = self._rows[last]
                done = end
            elif self._ahead is not None:
                self._rows, self._ahead = self._ahead, next(self._pieces, None)
        return found


def courses_of(record: Record, rules: Rules, courses: Sequence[Course], every: int, progress: Progress) -> None:
    """Let rules advise at each decision point, and after the last entry.

    Args:
        record: what happened.
        rules: who advises; of one walk over the record there can be several courses.
        courses: what takes each advice, empty so far.
        every: entries from one decision to the next.
        progress: told how much is done, 0 to 1.
    """
    points, decided = DecisionPoints(every), 0
    for stretch in record.stretches():
        rules.enter(stretch)
        times = stretch.entries.time_ms
        decisions: list[list[_Decision]] = [[] for _ in courses]
        for place in points.within(times).tolist():
            rules.move_to(place)
            for rows, advised in zip(decisions, rules.advise(), strict=True):
                rows.append((stretch.start + place, int(times[place]), *advised))
            decided += 1
            if decided % TOLD_EVERY == 0:
                progress((stretch.start + place) / len(record))
        rules.move_to(len(stretch))
        for course, rows in zip(courses, decisions, strict=True):
            course.append(np.array(rows, dtype=FIELDS))
    for course, advised in zip(courses, rules.advise(), strict=True):
        course.append(np.array([(len(record), record.last_time_ms, *advised)], dtype=FIELDS))
    progress(1.0)
