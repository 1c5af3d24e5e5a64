"""From the entries that were read to the columns of a StrategicMemory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from strategic_memory_server.columns import float_column, index_column
from strategic_memory_server.inputs import input_keys as keys
from strategic_memory_server.inputs.asof_join import CarriesRegime, joined_regimes
from strategic_memory_server.inputs.entries import PortfolioEntry, RegimeObservation, TradeResult
from strategic_memory_server.inputs.name_table import NameTable
from strategic_memory_server.inputs.notes import POLICY_UNRECOGNISED, REGIME_INFERRED, REGIME_NOT_OBSERVED
from strategic_memory_server.inputs.rejections import RejectedInput, count_by_reason
from strategic_memory_server.inputs.timeline import Timeline
from strategic_memory_server.memory import (
    UNKNOWN_REGIME,
    Context,
    PortfolioWindow,
    RegimeWindow,
    SourceReport,
    StrategicMemory,
    TradeWindow,
)


@dataclass(frozen=True, slots=True)
class Readings:
    """The three windows, and the observations to look missing regimes up in.

    `observed` holds at least the regime window; it is empty where the entries have no times.
    """

    regimes: Timeline[RegimeObservation]
    portfolio: Timeline[PortfolioEntry]
    trades: Timeline[TradeResult]
    observed: Timeline[RegimeObservation]


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
