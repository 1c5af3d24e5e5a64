"""MemoryWindows: the three windows of the loader together, as one StrategicMemory at any moment."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.entries.entries import (
    PortfolioEntry,
    RegimeObservation,
    TradeResult,
    read_portfolio_entry,
    read_regime_observation,
    read_trade_result,
)
from strategic_memory_server.inputs.observation_lookup import ObservationLookup
from strategic_memory_server.inputs.page_reader import PageReader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.whole_pages import observations_of_page, portfolio_of_page, trades_of_page
from strategic_memory_server.memory.memory_totals import MemoryTotals
from strategic_memory_server.memory.strategic_memory import (
    CLOCK_TOLERANCE_MS,
    UNKNOWN_REGIME,
    Context,
    SourceReport,
    StrategicMemory,
)
from strategic_memory_server.memory.window_settings import MAX_REGIMES, WindowSettings
from strategic_memory_server.windows.asof_join import Observed
from strategic_memory_server.windows.column_buffer import Columns
from strategic_memory_server.windows.name_table import NameTable
from strategic_memory_server.windows.rolling_regimes import RollingRegimes, observation_columns
from strategic_memory_server.windows.rolling_results import RollingPortfolio, portfolio_columns
from strategic_memory_server.windows.rolling_trades import RollingTrades, trade_columns


@dataclass(frozen=True, slots=True, eq=False)
class HeldTrades:
    """Trades that a window holds, repeated ones too: its columns, oldest first, and names of regimes by their code."""

    columns: Columns
    regime_names: tuple[str, ...]


class MemoryWindows:
    """Three windows over the same names, and what reads pages of their streams."""

    def __init__(self, lengths: WindowSettings, limits: ReadingLimits) -> None:
        self._names, self._strategies = names, strategies = NameTable(), NameTable()
        self.regimes = RollingRegimes(lengths.regime, limits.extra_entries, names)
        self.portfolio = RollingPortfolio(lengths.portfolio, limits.extra_entries, names)
        self.trades = RollingTrades(lengths.trades, limits.extra_entries, names, strategies)
        self.regime_reader: PageReader[RegimeObservation] = PageReader(
            keys.META_REGIME,
            read_regime_observation,
            functools.partial(observation_columns, names=names),
            functools.partial(observations_of_page, names=names),
        )
        self.portfolio_reader: PageReader[PortfolioEntry] = PageReader(
            keys.PORTFOLIO_MEMORY,
            read_portfolio_entry,
            functools.partial(portfolio_columns, names=names),
            functools.partial(portfolio_of_page, names=names),
        )
        self.trade_reader: PageReader[TradeResult] = PageReader(
            keys.TRADE_RESULTS,
            read_trade_result,
            functools.partial(trade_columns, names=names, strategies=strategies),
            functools.partial(trades_of_page, names=names, strategies=strategies),
        )

    def observed(self, older: ObservationLookup) -> Observed:
        """Return the observations to look regimes up in: those of the window, and older ones that were looked up."""
        older_positions, older_regimes = older.found()
        return Observed(
            positions=self.regimes.positions,
            regimes=self.regimes.buffer.column("regime"),
            older_positions=older_positions,
            older_regimes=older_regimes,
            unknown=self._names.index(UNKNOWN_REGIME),
        )

    def held_trades(self) -> HeldTrades:
        """Return the trades as they are held now."""
        return self.named(self.trades.buffer.columns())

    def named(self, trades: Columns) -> HeldTrades:
        """Add the names to columns of trades that have just been read."""
        return HeldTrades(trades, self._names.names)

    def memory(
        self,
        context: Context,
        reports: tuple[SourceReport, ...],
        clock_ms: int,
        max_regimes: int = MAX_REGIMES,
    ) -> StrategicMemory:
        """Return what the windows hold now; it stays as it is when they go on.

        Its totals are left out where there are more than `max_regimes` regimes: they are not kept apart then.

        Args:
            context: what goes with it.
            reports: of all sources.
            clock_ms: the time by the clock of Redis, milliseconds since 1970-01-01 UTC.
            max_regimes: regimes that are kept apart.
        """
        self._forget_unused_names()
        latest_ms = clock_ms + CLOCK_TOLERANCE_MS
        windows = (self.regimes, self.portfolio, self.trades)
        return StrategicMemory(
            regime_names=self._names.names,
            strategy_names=self._strategies.names,
            regimes=self.regimes.window(),
            portfolio=self.portfolio.window(),
            trades=self.trades.window(),
            context=context,
            sources=reports,
            timed=not any(window.in_future(latest_ms) or window.no_times for window in windows),
            clock_ms=clock_ms,
            totals=self._totals(max_regimes),
        )

    def _totals(self, max_regimes: int) -> MemoryTotals | None:
        windows = (self.regimes, self.portfolio, self.trades)
        if max(len(window.regimes) for window in windows) > max_regimes or len(self._regimes()) > max_regimes:
            return None
        return MemoryTotals(self.regimes.totals(), self.portfolio.totals(), self.trades.totals())

    def _regimes(self) -> dict[str, None]:
        """Return the regimes of the windows."""
        return dict.fromkeys((*self.regimes.regimes, *self.portfolio.regimes, *self.trades.regimes))

    def _forget_unused_names(self) -> None:
        """Keep names that a producer makes up anew all the time from filling the memory of this process."""
        if self._names.may_be_crowded:
            new = self._names.renumber(self._regimes())
            if new is not None:
                for window in (self.regimes, self.portfolio, self.trades):
                    window.buffer.renumber("regime", new)
        if self._strategies.may_be_crowded:
            new = self._strategies.renumber(self.trades.used_strategies)
            if new is not None:
                self.trades.buffer.renumber("strategy", new)
