"""vectorbt: readable records, `portfolio.trades.records_readable` or those of `positions`."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_one_of
from strategic_memory_server.replay.formats.format import Format, Results

RECORDS = Format(
    name="vectorbt records",
    known_by=(
        ("Exit Timestamp", "Exit Index"), ("Entry Timestamp", "Entry Index"), "PnL", "Return", "Status",
    ),
    columns={
        names.TIME: ("Exit Timestamp", "Exit Index"),
        names.OPENED: ("Entry Timestamp", "Entry Index"),
        names.REALIZED_PNL: ("PnL",),
        names.STRATEGY: ("Column",),
    },
    pnl="money, after fees",
    zone="that of the prices, UTC without --zone",
    results=(Results(("Status",), is_one_of("Closed"), "trades still open"),),
    strategies_apart=True,
    is_run=True,
)  # fmt: skip
