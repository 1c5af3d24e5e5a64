"""RollingMemory: the windows of the service over a record, brought forward entry by entry or many at once."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.entries.trade_ids import TRADE_ID
from strategic_memory_server.memory.memory_totals import MemoryTotals
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.record.record import Record
from strategic_memory_server.windows.asof_join import GIVEN, JOIN_DTYPE
from strategic_memory_server.windows.column_buffer import Columns
from strategic_memory_server.windows.name_table import NameTable
from strategic_memory_server.windows.place_columns import PLACE_DTYPES
from strategic_memory_server.windows.reading_limits import DEFAULT_LIMITS
from strategic_memory_server.windows.rolling_regimes import RollingRegimes
from strategic_memory_server.windows.rolling_results import RollingPortfolio
from strategic_memory_server.windows.rolling_trades import RollingTrades
from strategic_memory_server.windows.rolling_window import RollingWindow


class RollingMemory:
    """What the service would remember of a record, from its start up to a place that only moves forward.

    Args:
        record: the record.
        lengths: lengths of the windows.
    """

    def __init__(self, record: Record, lengths: WindowSettings) -> None:
        self._record = record
        names, strategies = NameTable(), NameTable()
        names.column(record.regime_names)
        strategies.column(record.strategy_names)
        self._regimes = RollingRegimes(lengths.regime, DEFAULT_LIMITS, names)
        self._portfolio = RollingPortfolio(lengths.portfolio, DEFAULT_LIMITS, names)
        self._trades = RollingTrades(lengths.trades, DEFAULT_LIMITS, names, strategies)
        kinds = record.entries.kind
        self._places = {kind: np.flatnonzero((kinds == kind) & ~record.repeated) for kind in Kind}
        self._read = dict.fromkeys(Kind, 0)

    def move_to(self, place: int) -> None:
        """Take in the entries before a place of the record, and let go of those beyond the windows."""
        for kind, window in (
            (Kind.REGIME, self._regimes),
            (Kind.PORTFOLIO, self._portfolio),
            (Kind.TRADE, self._trades),
        ):
            places = self._places[kind]
            start, end = self._read[kind], int(np.searchsorted(places, place))
            self._read[kind] = end
            if end - start >= window.length:
                # None of what is in the window stays, and of what is new only the newest.
                window.clear_entries()
                start = end - window.length
            if end > start:
                window.append(self._columns(self._record.entries, window, places[start:end]))
                if len(window) > window.length:
                    window.drop_oldest(len(window) - window.length)

    def memory(self) -> StrategicMemory:
        """Give what is remembered now."""
        return StrategicMemory(
            regime_names=self._record.regime_names,
            strategy_names=self._record.strategy_names,
            regimes=self._regimes.window(),
            portfolio=self._portfolio.window(),
            trades=self._trades.window(),
            totals=MemoryTotals(self._regimes.totals(), self._portfolio.totals(), self._trades.totals()),
        )

    def _columns(self, entries: EntryColumns, window: RollingWindow, places: IndexColumn) -> Columns:
        columns: dict[str, np.ndarray[tuple[int], np.dtype[np.generic]]] = {
            "regime": entries.regime[places].astype(np.int64),
            "pnl": entries.pnl[places],
            # The places of a record are in order, and nothing is looked up by them.
            "position": np.zeros(places.size, dtype=PLACE_DTYPES["position"]),
            "time_ms": entries.time_ms[places],
        }
        if window is self._regimes:
            columns["volatility"] = entries.volatility[places]
            columns["trend"] = entries.trend[places]
            columns["confidence"] = entries.confidence[places]
            return columns
        # The record has given every entry its regime.
        columns["joined"] = np.full(places.size, GIVEN, dtype=JOIN_DTYPE)
        if window is self._trades:
            columns["policy"] = entries.policy[places].astype(np.int64)
            columns["strategy"] = entries.strategy[places].astype(np.int64)
            columns["unrecognised"] = np.zeros(places.size, dtype=np.bool_)
            # The record has left out what was sent again.
            columns[TRADE_ID] = np.full(places.size, "", dtype=np.object_)
        return columns
