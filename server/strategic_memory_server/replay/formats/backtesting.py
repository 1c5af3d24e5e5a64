"""backtesting.py: the trades of a run, `stats["_trades"].to_csv(…)`."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.format import Format

TRADES = Format(
    name="backtesting.py trades",
    known_by=("EntryBar", "ExitBar", "EntryTime", "ExitTime", "PnL", "ReturnPct"),
    columns={names.TIME: ("ExitTime",), names.OPENED: ("EntryTime",), names.REALIZED_PNL: ("PnL",)},
    pnl="money, after commission",
    zone="that of the prices, UTC without --zone",
    fractions=("ReturnPct",),
    is_run=True,
)
