"""The figures of a table of trades: of one that is held by `figures`, of a longer one by scans of it."""

from __future__ import annotations

from strategic_memory_server.figures.breakdown import Breakdown, breakdown
from strategic_memory_server.figures.performance import Performance, performance
from strategic_memory_server.replay.streamed.table_scans import Told, scanned_figures
from strategic_memory_server.replay.trade_table import TradeTable


def table_figures(table: TradeTable, told: Told) -> tuple[Performance, Breakdown]:
    """Work out the figures of a table, as a whole and by regime and policy.

    Args:
        table: the trades.
        told: called now and then.
    """
    if not table.may_be_held:
        return scanned_figures(table, told)
    held = table.held()
    groups = breakdown(held.pnl, held.regime, held.policy, time_ms=held.time_ms, now_ms=table.now_ms)
    told()
    return performance(held.pnl, time_ms=held.time_ms, now_ms=table.now_ms), groups
