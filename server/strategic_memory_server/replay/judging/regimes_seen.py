"""Which regimes a record shows: how often, one after the other, for how long, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.dwell import Dwell, dwell
from strategic_memory_server.figures.transitions import Transitions, transitions
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Record

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
    seen = np.flatnonzero(record.entries.kind == record.regime_kind)
    code, time_ms = record.entries.regime[seen].astype(np.int64), record.entries.time_ms[seen]
    codes = len(record.regime_names)
    matrix = transitions(code) if code.size else None
    start_ms, end_ms = int(time_ms[0]) if time_ms.size else record.last_time_ms, record.last_time_ms
    return RegimesSeen(
        observed=record.regime_kind is Kind.REGIME,
        counts=np.bincount(code, minlength=codes),
        transitions=matrix,
        dwell=() if matrix is None else dwell(code, matrix, time_ms),
        lasting=longest_held(time_ms, code, start_ms, end_ms),
        start_ms=start_ms,
        end_ms=end_ms,
    )


def longest_held(time_ms: IndexColumn, code: IndexColumn, start_ms: int, end_ms: int) -> IndexColumn:
    """Give the code that held longest in each stretch of time; only the last code where there is no time to cut.

    Args:
        time_ms: from when on each code holds, ascending.
        code: the codes.
        start_ms: where the first stretch begins.
        end_ms: where the last one ends.
    """
    if not code.size or end_ms <= start_ms:
        return code[-1:]
    edges: FloatColumn = np.linspace(start_ms, end_ms, STRETCHES + 1)
    cuts = edges[(edges > time_ms[0]) & (edges < end_ms)]
    times = np.concatenate((time_ms.astype(np.float64), cuts))
    order = np.argsort(times, kind="stable")
    holding = np.concatenate((code, np.full(cuts.size, -1, dtype=np.int64)))[order]
    times = times[order]
    # What an edge cuts goes on with the code that held before it.
    holding = holding[np.maximum.accumulate(np.where(holding >= 0, np.arange(holding.size), 0))]
    lengths = np.diff(np.append(times, float(end_ms)))
    codes = int(code.max()) + 1
    stretch = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, STRETCHES - 1)
    held = np.bincount(stretch * codes + holding, weights=lengths, minlength=STRETCHES * codes)
    longest: IndexColumn = held.reshape(STRETCHES, codes).argmax(axis=1)
    return longest
