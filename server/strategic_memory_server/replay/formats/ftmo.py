"""FTMO: the trades of an account, as its pages export them."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_given, is_one_of
from strategic_memory_server.replay.formats.format import Format, Results

TRADES = Format(
    name="FTMO trades",
    known_by=("Ticket", "Open", "Close", "Type", "Symbol", "Profit", "Trade duration in seconds"),
    columns={
        names.TIME: ("Close",),
        names.OPENED: ("Open",),
        names.REALIZED_PNL: ("Profit",),
        names.TRADE_ID: ("Ticket",),
    },
    pnl="money, before commission and swap",
    zone="that of the broker's server, UTC without --zone",
    results=(
        Results(("Type",), is_one_of("buy", "sell"), "changes of the balance, and orders"),
        Results(("Close",), is_given, "trades still open"),
    ),
)
