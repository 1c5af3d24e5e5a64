"""The windows of a StrategicMemory as the plain rows of the brute force."""

from __future__ import annotations

import math

from brute_force import PortfolioRow, RegimeRow, Rows, TradeRow

from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import SourceReport, StrategicMemory


def rows_of(memory: StrategicMemory) -> Rows:
    """Every entry of the three windows, oldest first."""

    def regimes(codes: list[int]) -> list[str]:
        return [memory.regime_names[code] for code in codes]

    def given(values: list[float]) -> list[float | None]:
        return [None if math.isnan(value) else value for value in values]

    observed, earned, traded = memory.regimes, memory.portfolio, memory.trades
    strategies = [memory.strategy_names[code] if code >= 0 else "" for code in traded.strategy.tolist()]
    policies = [Policy(code).name if code >= 0 else "" for code in traded.policy.tolist()]
    return Rows(
        [
            RegimeRow(*row)
            for row in zip(
                observed.time_ms.tolist(),
                regimes(observed.regime.tolist()),
                # One object for all that were not given, so that rows are equal.
                [math.nan if math.isnan(pnl) else pnl for pnl in observed.pnl.tolist()],
                given(observed.confidence.tolist()),
                strict=True,
            )
        ],
        [
            PortfolioRow(*row)
            for row in zip(earned.time_ms.tolist(), regimes(earned.regime.tolist()), earned.pnl.tolist(), strict=True)
        ],
        [
            TradeRow(*row)
            for row in zip(
                traded.time_ms.tolist(),
                regimes(traded.regime.tolist()),
                traded.pnl.tolist(),
                policies,
                strategies,
                [
                    opened_ms if opened_ms < closed_ms else None
                    for opened_ms, closed_ms in zip(traded.opened_ms.tolist(), traded.time_ms.tolist(), strict=True)
                ],
                strict=True,
            )
        ],
    )


def report_of(memory: StrategicMemory, source: str) -> SourceReport:
    """What is said of one source of a memory."""
    return next(report for report in memory.sources if report.source == source)
