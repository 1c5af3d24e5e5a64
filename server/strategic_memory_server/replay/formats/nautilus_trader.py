"""nautilus_trader: the positions report, `trader.generate_positions_report()`."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_given
from strategic_memory_server.replay.formats.format import Format, Results

POSITIONS = Format(
    name="nautilus_trader positions",
    known_by=("ts_opened", "ts_closed", "realized_pnl", "realized_return", "avg_px_open", "avg_px_close"),
    columns={
        names.TIME: ("ts_closed",),
        names.OPENED: ("ts_opened",),
        names.REALIZED_PNL: ("realized_pnl",),
        names.STRATEGY: ("strategy_id",),
    },
    pnl="money, after commissions",
    results=(Results(("ts_closed",), is_given, "positions still open"),),
    is_run=True,
)
