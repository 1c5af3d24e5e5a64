"""Which regimes a record shows: how often, one after the other, for how long, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures import transitions
from strategic_memory_server.figures.dwell import Dwell, RunTally
from strategic_memory_server.figures.transitions import Transitions
from strategic_memory_server.replay.entry_columns import Kind
from strategic_memory_server.replay.record import Record

STRETCHES = 1_000
"""Stretches of equal length that the time of a record is cut into, to be drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class RegimesSeen:
    """Regimes by the observations; by the trades where none is observed.

    Attributes:
        observed: whether there are observations.
        counts: how often each regime was seen, by its index.
        transitions: how they follow each other; None without any, or with more than there is a matrix for.
        dwell: how long each lasts; empty without transitions.
        lasting: the index of the regime that held longest in each stretch of time; empty without any.
        start_ms: where the first stretch begins.
        end_ms: where the last stretch ends.
    """

    observed: bool
    counts: IndexColumn
    transitions: Transitions | None
    dwell: Sequence[Dwell]
    lasting: IndexColumn
    start_ms: int
    end_ms: int


def regimes_seen(record: Record) -> RegimesSeen:
    """Look through a record."""
    counts, start_ms = _counts(record)
    regimes = np.flatnonzero(counts)
    observed = record.regime_kind is Kind.REGIME
    if not regimes.size:
        return RegimesSeen(observed, counts, None, (), np.empty(0, dtype=np.int64), start_ms, record.last_time_ms)
    few = regimes.size <= transitions.MAX_REGIMES
    runs, steps = RunTally(regimes), _Steps(regimes)
    lasting = Lasting(start_ms, record.last_time_ms, counts.size)
    for stretch in record.stretches():
        seen = np.flatnonzero(stretch.entries.kind == record.regime_kind)
        code, time_ms = stretch.entries.regime[seen].astype(np.int64), stretch.entries.time_ms[seen]
        lasting.add(time_ms, code)
        if few:
            runs.add(code, time_ms)
            steps.add(code)
    matrix = transitions.from_counts(regimes, steps.counts) if few else None
    dwell = () if matrix is None else runs.dwell(matrix)
    return RegimesSeen(observed, counts, matrix, dwell, lasting.longest(), start_ms, record.last_time_ms)


def _counts(record: Record) -> tuple[IndexColumn, int]:
    """Count each regime; and give the time at which the first was seen."""
    counts = np.zeros(len(record.regime_names), dtype=np.int64)
    start_ms: int | None = None
    for stretch in record.stretches():
        seen = np.flatnonzero(stretch.entries.kind == record.regime_kind)
        counts += np.bincount(stretch.entries.regime[seen], minlength=counts.size)
        if start_ms is None and seen.size:
            start_ms = int(stretch.entries.time_ms[seen[0]])
    return counts, record.last_time_ms if start_ms is None else start_ms


class _Steps:
    """Counts steps from one regime to the next."""

    def __init__(self, regimes: IndexColumn) -> None:
        self.counts: IndexColumn = np.zeros((regimes.size, regimes.size), dtype=np.int64)
        self._regimes = regimes
        self._last: IndexColumn = np.empty(0, dtype=np.int64)

    def add(self, code: IndexColumn) -> None:
        place = np.concatenate((self._last, np.searchsorted(self._regimes, code)))
        size = self._regimes.size
        self.counts += np.bincount(place[:-1] * size + place[1:], minlength=size**2).reshape(size, size)
        self._last = place[-1:]


class Lasting:
    """What held longest in each stretch of time.

    Args:
        start_ms: where the first stretch begins.
        end_ms: where the last one ends.
        codes: number of codes that can hold.
    """

    def __init__(self, start_ms: int, end_ms: int, codes: int) -> None:
        self._end_ms = end_ms
        self._edges: FloatColumn = np.linspace(start_ms, end_ms, STRETCHES + 1)
        self._held_ms = np.zeros((STRETCHES, codes))
        self._last: IndexColumn = np.empty(0, dtype=np.int64)
        self._last_ms: IndexColumn = np.empty(0, dtype=np.int64)

    def add(self, time_ms: IndexColumn, code: IndexColumn) -> None:
        """Add what holds from each time on; ascending, none before those added earlier."""
        if not time_ms.size:
            return
        times, codes = np.concatenate((self._last_ms, time_ms)), np.concatenate((self._last, code))
        self._hold(times[:-1], codes[:-1], int(times[-1]))
        self._last_ms, self._last = times[-1:], codes[-1:]

    def longest(self) -> IndexColumn:
        """Give the code that held longest in each stretch; only the last code where there is no time to cut."""
        if self._edges[-1] <= self._edges[0]:
            return self._last
        self._hold(self._last_ms, self._last, self._end_ms)
        self._last_ms, self._last = self._last_ms[:0], self._last[:0]
        longest: IndexColumn = self._held_ms.argmax(axis=1)
        return longest

    def _hold(self, time_ms: IndexColumn, code: IndexColumn, end_ms: int) -> None:
        if not time_ms.size or self._edges[-1] <= self._edges[0]:
            return
        cuts = self._edges[(self._edges > time_ms[0]) & (self._edges < end_ms)]
        times = np.concatenate((time_ms.astype(np.float64), cuts))
        order = np.argsort(times, kind="stable")
        holding = np.concatenate((code, np.full(cuts.size, -1, dtype=np.int64)))[order]
        times = times[order]
        # What an edge cuts goes on with the code that held before it.
        holding = holding[np.maximum.accumulate(np.where(holding >= 0, np.arange(holding.size), 0))]
        lengths = np.diff(np.append(times, float(end_ms)))
        stretches, codes = self._held_ms.shape
        stretch = np.clip(np.searchsorted(self._edges, times, side="right") - 1, 0, stretches - 1)
        held = np.bincount(stretch * codes + holding, weights=lengths, minlength=stretches * codes)
        self._held_ms += held.reshape(stretches, codes)
