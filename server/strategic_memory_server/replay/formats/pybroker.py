"""PyBroker: the trades of a backtest, `result.trades.to_csv(…)`. Its fees are in `result.orders` alone."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.format import Format

TRADES = Format(
    name="PyBroker trades",
    known_by=("entry_date", "exit_date", "pnl", "return_pct", "agg_pnl", "pnl_per_bar"),
    columns={names.TIME: ("exit_date",), names.OPENED: ("entry_date",), names.REALIZED_PNL: ("pnl",)},
    pnl="money, before fees",
    zone="that of the prices, UTC without --zone",
    is_run=True,
)
