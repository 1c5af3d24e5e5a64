"""RollingMemory: what the windows of the service would hold of a record, with their totals, brought forward at will."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.inputs.memory_apart import with_regimes_apart
from strategic_memory_server.memory.memory_tallies import EarnedTallies, ObservedTallies, TradedTallies
from strategic_memory_server.memory.memory_totals import MemoryTotals
from strategic_memory_server.memory.strategic_memory import PortfolioWindow, RegimeWindow, StrategicMemory, TradeWindow
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Record

WindowT = TypeVar("WindowT")
AddedT_contra = TypeVar("AddedT_contra", contravariant=True)


class _Tallies(Protocol[AddedT_contra]):
    """Running totals of one kind of windows."""

    def add(self, window: AddedT_contra, names: Sequence[str]) -> None:
        """Add entries."""

    def remove(self, window: AddedT_contra, names: Sequence[str]) -> None:
        """Take away entries that were added."""


TalliesT = TypeVar("TalliesT", bound=_Tallies[Any])


class RollingMemory:
    """What the service would remember of a record, from its start up to a place that only moves forward.

    A trade that was sent again is left out, as the service leaves it out of its window.

    Args:
        record: the record.
        settings: lengths of the windows, and how many regimes are kept apart.
    """

    def __init__(self, record: Record, settings: AdviceSettings) -> None:
        self._record, self._max_regimes, lengths = record, settings.max_regimes, settings.windows
        entries = record.entries
        regimes, portfolio, trades = (np.flatnonzero(entries.kind == kind) for kind in Kind)
        regime, policy, strategy = (
            column.astype(np.int64) for column in (entries.regime, entries.policy, entries.strategy)
        )
        observed = (regime, entries.pnl, entries.volatility, entries.trend, entries.confidence, entries.time_ms)
        earned = (regime, entries.pnl, entries.time_ms, entries.opened_ms)
        traded = (regime, entries.pnl, policy, strategy, entries.time_ms, entries.opened_ms)
        names = record.regime_names
        self._regimes = _Rolling(RegimeWindow, observed, regimes, lengths.regime, ObservedTallies, names)
        self._portfolio = _Rolling(PortfolioWindow, earned, portfolio, lengths.portfolio, EarnedTallies, names)
        self._trades = _Rolling(TradeWindow, traded, trades, lengths.trades, TradedTallies, names)

    def move_to(self, place: int) -> None:
        """Take in the entries before a place of the record, and let go of those beyond the windows."""
        self._regimes.move_to(place)
        self._portfolio.move_to(place)
        self._trades.move_to(place)

    def memory(self) -> StrategicMemory:
        """Return what is remembered now."""
        regimes, portfolio, trades = self._regimes, self._portfolio, self._trades
        memory = StrategicMemory(
            regime_names=self._record.regime_names,
            strategy_names=self._record.strategy_names,
            regimes=regimes.window(),
            portfolio=portfolio.window(),
            trades=trades.window(),
            totals=MemoryTotals(regimes.tallies.totals(), portfolio.tallies.totals(), trades.tallies.totals()),
        )
        return with_regimes_apart(memory, self._max_regimes)


class _Rolling(Generic[WindowT, TalliesT]):
    """The newest entries of one kind, with their totals.

    Args:
        window_of: makes a window of columns.
        columns: those of the whole record, in the order in which a window takes them.
        places: places of the entries in the record, ascending.
        length: most entries in the window.
        empty: makes tallies without an entry.
        names: regimes by index.
    """

    def __init__(
        self,
        window_of: Callable[..., WindowT],
        columns: Sequence[NDArray[Any]],
        places: IndexColumn,
        length: int,
        empty: Callable[[], TalliesT],
        names: Sequence[str],
    ) -> None:
        self._window_of = window_of
        # Where all entries are of one kind, nothing needs a copy.
        self._columns = [column if places.size == column.size else column[places] for column in columns]
        self._places = places
        self._length = length
        self._empty = empty
        self._names = names
        self._start = self._end = 0
        self.tallies = empty()

    def window(self) -> WindowT:
        """Return the window as it stands."""
        return self._part(self._start, self._end)

    def move_to(self, place: int) -> None:
        """Take in the entries before a place of the record."""
        end = int(self._places.searchsorted(place))
        start = max(end - self._length, 0)
        if start >= self._end:
            # None of what is in the window stays.
            self.tallies, self._start, self._end = self._empty(), start, start
        if start > self._start:
            self.tallies.remove(self._part(self._start, start), self._names)
        if end > self._end:
            self.tallies.add(self._part(self._end, end), self._names)
        self._start, self._end = start, end

    def _part(self, start: int, end: int) -> WindowT:
        return self._window_of(*(column[start:end] for column in self._columns))
