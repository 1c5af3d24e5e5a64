"""Bybit: closed pnl, as its pages export it and as its interface answers."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.format import Format
from strategic_memory_server.replay.written.time_units import Unit
from strategic_memory_server.replay.written.ways import Declared

_MILLISECONDS = Declared(unit=Unit.MILLISECONDS)

_TIME = ("Trade Time(UTC+0)", "Trade Time(UTC)", "Trade Time", "Filled/Settlement Time", "Filled Time")

_MARKET = ("Settle Coin", "Coin", "Currency", "Contracts", "Market", "Symbol")

CLOSED_PNL = Format(
    name="Bybit closed pnl",
    known_by=(
        ("Contracts", "Market"), _TIME, "Entry Price", "Exit Price", ("Closed P&L", "Realized P&L"),
        ("Exit Type", "Trade Type"),
    ),
    columns={names.TIME: _TIME, names.REALIZED_PNL: ("Closed P&L", "Realized P&L")},
    pnl="money, after fees",
    currency=_MARKET,
)  # fmt: skip

INTERFACE = Format(
    name="Bybit closed pnl, of its interface",
    known_by=("closedPnl", "avgEntryPrice", "avgExitPrice", "updatedTime"),
    columns={names.TIME: ("updatedTime",), names.REALIZED_PNL: ("closedPnl",)},
    pnl="money, after fees",
    currency=_MARKET,
    declared={names.TIME: _MILLISECONDS},
)
