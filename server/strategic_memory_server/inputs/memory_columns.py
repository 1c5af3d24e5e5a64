"""From the entries that were read to the columns of a StrategicMemory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from strategic_memory_server.inputs import input_keys as keys
from strategic_memory_server.inputs.asof_join import CarriesRegime, joined_regimes
from strategic_memory_server.inputs.entries import PortfolioEntry, RegimeObservation, TradeResult
from strategic_memory_server.inputs.rejections import RejectedInput, count_by_reason
from strategic_memory_server.inputs.timeline import Timeline
from strategic_memory_server.memory import (
    UNKNOWN_REGIME,
    Context,
    IndexColumn,
    PortfolioWindow,
    RegimeWindow,
    SourceReport,
    StrategicMemory,
    TradeWindow,
    float_column,
    index_column,
)

REGIME_INFERRED = "regime_inferred"
"""Note: the entry had no regime and took the one observed at its time."""

REGIME_NOT_OBSERVED = "regime_not_observed"
"""Note: the entry had no regime and none was observed by its time; it counts as UNKNOWN."""

POLICY_UNRECOGNISED = "policy_unrecognised"
"""Note: the trade names a policy that is none of the three; it counts for its regime and for no policy."""


@dataclass(frozen=True, slots=True)
class Readings:
    """The three windows, and the observations to look missing regimes up in.

    `observed` holds at least the regime window; it is empty where the entries have no times.
    """

    regimes: Timeline[RegimeObservation]
    portfolio: Timeline[PortfolioEntry]
    trades: Timeline[TradeResult]
    observed: Timeline[RegimeObservation]


class NameTable:
    """Gives each distinct name an index, in the order of first appearance."""

    def __init__(self) -> None:
        self._indices: dict[str, int] = {}

    def column(self, names: Iterable[str]) -> IndexColumn:
        """Give the indices of some names; -1 for an empty one."""
        indices = self._indices
        return index_column([indices.setdefault(name, len(indices)) if name else -1 for name in names])

    @property
    def names(self) -> tuple[str, ...]:
        """All names by index."""
        return tuple(self._indices)


def build_memory(
    readings: Readings,
    context: Context,
    value_reports: tuple[SourceReport, ...] = (),
    rejected: Sequence[RejectedInput] = (),
    *,
    timed: bool = True,
) -> StrategicMemory:
    """Build the columns, and a report for each stream beside the given reports of the values."""
    regimes, portfolio, trades = readings.regimes, readings.portfolio, readings.trades
    portfolio_regimes = joined_regimes(portfolio, readings.observed)
    trade_regimes = joined_regimes(trades, readings.observed)
    names, strategies = NameTable(), NameTable()
    return StrategicMemory(
        regimes=RegimeWindow(
            regime=names.column(entry.regime for entry in regimes.entries),
            pnl=float_column([entry.pnl for entry in regimes.entries]),
            volatility=float_column([entry.volatility for entry in regimes.entries]),
            trend=float_column([entry.trend for entry in regimes.entries]),
            confidence=float_column([entry.confidence for entry in regimes.entries]),
            position=index_column(regimes.positions),
        ),
        portfolio=PortfolioWindow(
            regime=names.column(portfolio_regimes),
            pnl=float_column([entry.pnl for entry in portfolio.entries]),
            position=index_column(portfolio.positions),
        ),
        trades=TradeWindow(
            regime=names.column(trade_regimes),
            pnl=float_column([entry.pnl for entry in trades.entries]),
            policy=index_column([entry.policy for entry in trades.entries]),
            strategy=strategies.column(entry.strategy for entry in trades.entries),
            position=index_column(trades.positions),
        ),
        regime_names=names.names,
        strategy_names=strategies.names,
        context=context,
        sources=(
            *value_reports,
            _report(keys.META_REGIME, regimes, rejected, Counter()),
            _report(keys.PORTFOLIO_MEMORY, portfolio, rejected, _regime_notes(portfolio, portfolio_regimes)),
            _report(
                keys.TRADE_RESULTS,
                trades,
                rejected,
                _regime_notes(trades, trade_regimes) + _policy_notes(trades),
            ),
        ),
        timed=timed,
    )


def _regime_notes(timeline: Timeline[CarriesRegime], joined: Sequence[str]) -> Counter[str]:
    return Counter(
        REGIME_NOT_OBSERVED if regime == UNKNOWN_REGIME else REGIME_INFERRED
        for entry, regime in zip(timeline.entries, joined, strict=True)
        if not entry.regime
    )


def _policy_notes(trades: Timeline[TradeResult]) -> Counter[str]:
    return Counter(POLICY_UNRECOGNISED for trade in trades.entries if trade.policy_unrecognised)


def _report(
    source: str, timeline: Timeline[object], rejected: Sequence[RejectedInput], noted: Counter[str]
) -> SourceReport:
    return SourceReport(source, len(timeline.entries), count_by_reason(rejected, source), dict(noted))
