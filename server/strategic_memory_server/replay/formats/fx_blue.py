"""FX Blue: the history of a MetaTrader account, whose types of rows are its own."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_one_of
from strategic_memory_server.replay.formats.format import Format, Results

HISTORY = Format(
    name="FX Blue history",
    known_by=("Type", "Ticket", "Symbol", "Buy/sell", "Open time", "Close time", "Profit", "Net profit"),
    columns={
        names.TIME: ("Close time",),
        names.OPENED: ("Open time",),
        names.REALIZED_PNL: ("Net profit",),
        names.TRADE_ID: ("Ticket",),
    },
    pnl="money, after commission and swap",
    zone="that of the broker's server, UTC without --zone",
    results=(
        Results(("Type",), is_one_of("Closed position"), "positions still open, orders, changes of the balance"),
    ),
)  # fmt: skip
