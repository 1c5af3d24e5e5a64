"""RollingPortfolio and RollingTrades: the windows whose entries can be without a regime of their own.

Such an entry is joined to the observation that it took its regime from. It is joined anew when observations come in
late, and is UNKNOWN once that observation has been trimmed from its stream: what counts is what Redis holds now.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, KeysView, Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from strategic_memory_server.columns import PositionColumn
from strategic_memory_server.inputs.asof_join import GIVEN, JOIN_DTYPE, NOT_OBSERVED, Observed
from strategic_memory_server.inputs.column_buffer import ColumnBuffer, Columns
from strategic_memory_server.inputs.entries import PortfolioEntry, TradeResult
from strategic_memory_server.inputs.name_table import NameTable
from strategic_memory_server.inputs.notes import POLICY_UNRECOGNISED, REGIME_INFERRED, REGIME_NOT_OBSERVED
from strategic_memory_server.inputs.place_columns import PLACE_DTYPES, place_columns
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.rolling_window import RollingWindow
from strategic_memory_server.memory import UNKNOWN_REGIME, PortfolioWindow, TradeWindow
from strategic_memory_server.memory_tallies import EarnedTallies, TradedTallies
from strategic_memory_server.memory_totals import TradedTotals
from strategic_memory_server.stream_position import position_column
from strategic_memory_server.tallies import PnlTotal

_LOOKED_AT_ONCE = 1_024
_PORTFOLIO_DTYPES: Mapping[str, DTypeLike] = {
    "regime": np.int64,
    "pnl": np.float64,
    **PLACE_DTYPES,
    "joined": JOIN_DTYPE,
}
_TRADE_DTYPES: Mapping[str, DTypeLike] = {
    "regime": np.int64,
    "pnl": np.float64,
    "policy": np.int64,
    "strategy": np.int64,
    **PLACE_DTYPES,
    "joined": JOIN_DTYPE,
    "unrecognised": np.bool_,
}


def portfolio_columns(entries: Sequence[PortfolioEntry], positions: Sequence[bytes], names: NameTable) -> Columns:
    """Make columns of portfolio entries; the regime of one without its own is -1."""
    return {
        "regime": names.column([entry.regime for entry in entries]),
        "pnl": np.array([entry.pnl for entry in entries], dtype=np.float64),
        **place_columns(position_column(positions)),
    }


def trade_columns(
    entries: Sequence[TradeResult], positions: Sequence[bytes], names: NameTable, strategies: NameTable
) -> Columns:
    """Make columns of trade results; the regime of one without its own is -1."""
    return {
        "regime": names.column([entry.regime for entry in entries]),
        "pnl": np.array([entry.pnl for entry in entries], dtype=np.float64),
        "policy": np.array([entry.policy for entry in entries], dtype=np.int64),
        "strategy": strategies.column([entry.strategy for entry in entries]),
        **place_columns(position_column(positions)),
        "unrecognised": np.array([entry.policy_unrecognised for entry in entries], dtype=np.bool_),
    }


def without_regime(columns: Columns) -> PositionColumn:
    """Give the positions of the entries that have no regime of their own."""
    positions: PositionColumn = columns["position"][columns["regime"] < 0]
    return positions


def with_regimes(columns: Columns, observed: Observed) -> Columns:
    """Give every entry a regime, and a column that says which observation it is joined to."""
    regimes = columns["regime"].copy()
    joined = np.full(regimes.size, GIVEN, dtype=JOIN_DTYPE)
    missing = np.flatnonzero(regimes < 0)
    if missing.size:
        regimes[missing], joined[missing] = observed.as_of(columns["position"][missing])
    return {**columns, "regime": regimes, "joined": joined}


class RollingResults(RollingWindow):
    """What the two windows have in common; `names` gives regimes an index."""

    def __init__(self, length: int, buffer: ColumnBuffer, limits: ReadingLimits, names: NameTable) -> None:
        super().__init__(length, buffer, limits)
        self._names = names
        self._inferred = self._not_observed = 0
        self._held_from = 0
        """Entries before this place are not joined to any observation."""

    def notes(self, latest_ms: int) -> dict[str, int]:
        """Count what is worth a note."""
        counts = {REGIME_INFERRED: self._inferred, REGIME_NOT_OBSERVED: self._not_observed}
        return super().notes(latest_ms) | {note: count for note, count in counts.items() if count}

    def append(self, columns: Columns) -> None:
        """Add entries at the new end; they have regimes."""
        self._note(columns, 1)
        self._count(columns, 1)
        self.buffer.append(columns)

    def late(self, first_new: bytes) -> NDArray[np.intp]:
        """Give the places of entries without a regime of their own that are not older than a new observation."""
        positions = self.positions
        if not positions.size or positions[-1] < first_new:
            return np.empty(0, dtype=np.intp)
        start = int(np.searchsorted(positions, first_new))
        return start + np.flatnonzero(self.buffer.column("joined")[start:] != GIVEN)

    def lost(self, first: bytes) -> NDArray[np.intp]:
        """Give the places, some at a time, of entries joined to an observation before the first that is left."""
        joined = self.buffer.column("joined")
        while self._held_from < len(self):
            block = joined[self._held_from : self._held_from + _LOOKED_AT_ONCE]
            holding = (block >= first) & (block != GIVEN)
            end = int(np.argmax(holding)) if holding.any() else block.size
            lost = self._held_from + np.flatnonzero((block[:end] != GIVEN) & (block[:end] != NOT_OBSERVED))
            self._held_from += end
            if lost.size or end < block.size:
                return lost
        return np.empty(0, dtype=np.intp)

    def join(self, places: NDArray[np.intp], observed: Observed) -> None:
        """Join entries without a regime of their own, at some places, anew."""
        before = {name: column[places] for name, column in self.buffer.columns().items()}
        regimes, joined = observed.as_of(before["position"])
        changed = np.flatnonzero((regimes != before["regime"]) | (joined != before["joined"]))
        if not changed.size:
            return
        before = {name: column[changed] for name, column in before.items()}
        after = {**before, "regime": regimes[changed], "joined": joined[changed]}
        for columns, sign in ((before, -1), (after, 1)):
            self._note(columns, sign)
            self._count(columns, sign)
        self.buffer.correct("regime", places[changed], after["regime"])
        self.buffer.correct("joined", places[changed], after["joined"])
        self._held_from = min(self._held_from, int(places[changed[0]]))

    def drop_oldest(self, count: int) -> None:
        """Remove so many of the oldest entries."""
        super().drop_oldest(count)
        self._held_from = max(self._held_from - count, 0)

    def _note(self, columns: Columns, sign: int) -> None:
        missing = columns["joined"] != GIVEN
        unknown = columns["regime"][missing] == self._names.index(UNKNOWN_REGIME)
        self._not_observed += sign * int(np.count_nonzero(unknown))
        self._inferred += sign * int(np.count_nonzero(~unknown))

    def _uncount_oldest(self, count: int) -> None:
        oldest = self.buffer.columns(0, count)
        self._note(oldest, -1)
        self._count(oldest, -1)

    def _reset_tallies(self) -> None:
        self._inferred = self._not_observed = self._held_from = 0

    @abstractmethod
    def _count(self, columns: Columns, sign: int) -> None:
        """Add entries to the tallies (1), or take them away (-1)."""


class RollingPortfolio(RollingResults):
    """Portfolio entries."""

    def __init__(self, length: int, limits: ReadingLimits, names: NameTable) -> None:
        super().__init__(length, ColumnBuffer(_PORTFOLIO_DTYPES), limits, names)
        self._tallies = EarnedTallies()

    def window(self) -> PortfolioWindow:
        """Give the window as it stands."""
        return _portfolio_window(self.buffer.columns())

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._tallies.regimes

    def totals(self) -> dict[str, PnlTotal]:
        """Give its totals."""
        return self._tallies.totals()

    def _count(self, columns: Columns, sign: int) -> None:
        change = self._tallies.add if sign > 0 else self._tallies.remove
        change(_portfolio_window(columns), self._names.names)

    def _reset_tallies(self) -> None:
        super()._reset_tallies()
        self._tallies = EarnedTallies()


class RollingTrades(RollingResults):
    """Trade results; `strategies` gives their strategies an index."""

    def __init__(self, length: int, limits: ReadingLimits, names: NameTable, strategies: NameTable) -> None:
        super().__init__(length, ColumnBuffer(_TRADE_DTYPES), limits, names)
        self._strategies = strategies
        self._tallies = TradedTallies()
        self._unrecognised = 0

    def window(self) -> TradeWindow:
        """Give the window as it stands."""
        return _trade_window(self.buffer.columns())

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._tallies.regimes

    @property
    def used_strategies(self) -> Iterator[str]:
        """The strategies that have entries; one may be there more than once."""
        return self._tallies.strategies

    def totals(self) -> TradedTotals:
        """Give its totals."""
        return self._tallies.totals()

    def notes(self, latest_ms: int) -> dict[str, int]:
        """Count what is worth a note."""
        unrecognised = {POLICY_UNRECOGNISED: self._unrecognised} if self._unrecognised else {}
        return {**super().notes(latest_ms), **unrecognised}

    def _count(self, columns: Columns, sign: int) -> None:
        self._unrecognised += sign * int(np.count_nonzero(columns["unrecognised"]))
        change = self._tallies.add if sign > 0 else self._tallies.remove
        change(_trade_window(columns), self._names.names, self._strategies.names)

    def _reset_tallies(self) -> None:
        super()._reset_tallies()
        self._tallies, self._unrecognised = TradedTallies(), 0


def _portfolio_window(columns: Columns) -> PortfolioWindow:
    return PortfolioWindow(columns["regime"], columns["pnl"], columns["time_ms"])


def _trade_window(columns: Columns) -> TradeWindow:
    names = ("regime", "pnl", "policy", "strategy", "time_ms")
    return TradeWindow(*(columns[name] for name in names))
