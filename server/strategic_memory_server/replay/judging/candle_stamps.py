"""Whether observations look stamped at the opening of a candle that was known only at its close."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Record

FEWEST_OBSERVATIONS = 20
FEWEST_TRADES = 30
"""Within candles; of fewer nothing is said."""

SHORTEST_MS = 60_000
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_ROUND = 0.95
"""Share of observations that stand at round times where they are those of candles."""

_DEVIATIONS = 10.0
"""So many deviations above what chance does is what labels say of the trades in their candles; trades share candles."""

_TIMES_AS_MUCH = 4.0
"""And so many times what the label before says: a regime that lasts says nearly the same again."""


@dataclass(frozen=True, slots=True)
class CandleStamps:
    """Observations at round times, and what they say of the trades before the next one.

    Attributes:
        candle_ms: the usual time from one observation to the next.
        trades: trades opened and closed within it.
        own_share: share of how these ended, by rank, that goes with the label in force, 0 to 1.
        earlier_share: the same for the label before that.
        looks_ahead: whether the first is beyond chance and the second far below it.
    """

    candle_ms: int
    trades: int
    own_share: float
    earlier_share: float
    looks_ahead: bool

    @property
    def sentence(self) -> str:
        """The same in a sentence or two."""
        every = f"{self.candle_ms / _DAY_MS:g} d" if self.candle_ms >= _DAY_MS else f"{self.candle_ms / _HOUR_MS:.3g} h"
        if self.looks_ahead:
            return (
                f"The labels look ahead: they stand at round times every {every}, and how the {self.trades:,} trades "
                f"within that time ended goes with them ({self.own_share:.1%} by rank), but not with the label before "
                f"({self.earlier_share:.1%}). They look stamped at the opening of candles, but known at the close: "
                "stamp them one candle later. What this record says of regimes is not to be trusted"
            )
        return (
            f"Observations stand at round times every {every}, with {self.trades:,} trades in between: each is taken "
            "as known from its time on. If that is the opening of a candle, stamp it at the close"
        )


def candle_stamps(record: Record) -> CandleStamps | None:
    """Look at a record; None where observations are no candles', or hardly any trade lies within one."""
    entries = record.entries
    seen = np.flatnonzero(entries.kind == Kind.REGIME)
    seen_ms, labels = entries.time_ms[seen], entries.regime[seen]
    candle_ms = _candle_ms(seen_ms)
    if candle_ms is None:
        return None
    trades = np.flatnonzero(entries.kind == Kind.TRADE)
    in_force = np.searchsorted(seen_ms, entries.opened_ms[trades], side="right") - 1
    from_opening = entries.time_ms[trades] - seen_ms[np.maximum(in_force, 0)]
    within = (in_force > 0) & (from_opening > 0) & (from_opening <= candle_ms)
    if np.count_nonzero(within) < FEWEST_TRADES:
        return None
    ranks, in_force = _ranks(entries.pnl[trades[within]]), in_force[within]
    own, groups = _explained(ranks, labels[in_force])
    earlier, _ = _explained(ranks, labels[in_force - 1])
    # What chance does: chi-square with one degree of freedom less than there are labels.
    usual = groups - 1 + _DEVIATIONS * math.sqrt(2 * (groups - 1))
    looks_ahead = groups > 1 and ranks.size * own > usual and own > _TIMES_AS_MUCH * earlier
    return CandleStamps(candle_ms, ranks.size, own, earlier, looks_ahead)


def _candle_ms(seen_ms: IndexColumn) -> int | None:
    """Return the usual time between observations, if they stand at the round times of candles that long."""
    apart = np.diff(seen_ms)
    apart = apart[apart > 0]
    if apart.size < FEWEST_OBSERVATIONS:
        return None
    candle_ms = int(np.median(apart))
    # Days begin at midnight of some zone: at a full hour.
    step = min(candle_ms, _HOUR_MS)
    is_round = candle_ms >= SHORTEST_MS and np.mean(seen_ms % step == 0) >= _ROUND
    return candle_ms if is_round and np.mean(apart % candle_ms == 0) >= _ROUND else None


def _ranks(pnl: FloatColumn) -> FloatColumn:
    """Return the rank of each, the mean of theirs where some are the same: how much is earned has far outliers."""
    _, place, counts = np.unique(pnl, return_inverse=True, return_counts=True)
    ranks: FloatColumn = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    return ranks


def _explained(ranks: FloatColumn, labels: NDArray[np.int16]) -> tuple[float, int]:
    """Return the share of the variance of ranks that is between labels (Kruskal and Wallis, 1952), and their number."""
    _, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    total = float(np.square(ranks - ranks.mean()).sum())
    means = np.bincount(place, weights=ranks) / counts
    between = float((counts * np.square(means - ranks.mean())).sum())
    return (between / total if total else 0.0), counts.size
