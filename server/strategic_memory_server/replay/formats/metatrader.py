"""MetaTrader: positions and deals of the reports of version 5 and of its Python package, closed trades of version 4."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_given, is_one_of
from strategic_memory_server.replay.formats.format import Format, Results
from strategic_memory_server.replay.written.ways import Declared

_PNL = "money, before commission and swap"
_ZONE = "that of the broker's server, UTC without --zone"
_DEALS = "MetaTrader 5 deals"
_OTHERS = "deals that open, and changes of the balance"

POSITIONS = Format(
    name="MetaTrader 5 positions",
    known_by=("Position", "Symbol", "Time", ("Time (2)", "Time.1"), "Profit"),
    columns={names.TIME: ("Time (2)", "Time.1"), names.OPENED: ("Time",), names.REALIZED_PNL: ("Profit",)},
    pnl=_PNL,
    zone=_ZONE,
    results=(
        Results(("Symbol",), is_given, "totals"),
        Results(("Time (2)", "Time.1"), is_given, "positions still open"),
    ),
    instead_of=(_DEALS,),
)

DEALS = Format(
    name=_DEALS,
    known_by=("Time", "Deal", "Symbol", "Direction", "Profit"),
    columns={names.TIME: ("Time",), names.REALIZED_PNL: ("Profit",), names.TRADE_ID: ("Deal",)},
    pnl=_PNL,
    zone=_ZONE,
    results=(Results(("Direction",), is_one_of("out", "in/out", "out by"), _OTHERS),),
)

PYTHON_DEALS = Format(
    name="MetaTrader 5 deals, of its Python package",
    known_by=("ticket", "time", "entry", "position_id", "profit", "symbol"),
    columns={names.TIME: ("time_msc", "time"), names.REALIZED_PNL: ("profit",), names.TRADE_ID: ("ticket",)},
    pnl=_PNL,
    zone=_ZONE,
    declared={names.TIME: Declared(counts_locally=True)},
    results=(Results(("entry",), is_one_of("1", "2", "3", "1.0", "2.0", "3.0"), _OTHERS),),
)

CLOSED_TRADES = Format(
    name="MetaTrader 4 closed trades",
    known_by=("Ticket", "Open Time", "Close Time", ("Item", "Symbol"), "Profit"),
    columns={
        names.TIME: ("Close Time",),
        names.OPENED: ("Open Time",),
        names.REALIZED_PNL: ("Profit",),
        names.TRADE_ID: ("Ticket",),
    },
    pnl=_PNL,
    zone=_ZONE,
    results=(
        Results(("Type",), is_one_of("buy", "sell"), "changes of the balance, and orders"),
        Results(("Close Time",), is_given, "trades still open"),
    ),
)
