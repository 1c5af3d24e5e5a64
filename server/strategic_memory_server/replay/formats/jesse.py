"""jesse: the trades of a backtest, as CSV or within its JSON."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_given
from strategic_memory_server.replay.formats.format import Format, Results
from strategic_memory_server.replay.written.time_units import Unit
from strategic_memory_server.replay.written.ways import Declared

_MILLISECONDS = Declared(unit=Unit.MILLISECONDS)

TRADES = Format(
    name="jesse trades",
    known_by=("PNL", "PNL_percentage", "opened_at", "closed_at", "holding_period"),
    columns={
        names.TIME: ("closed_at",),
        names.OPENED: ("opened_at",),
        names.REALIZED_PNL: ("PNL",),
        names.STRATEGY: ("strategy_name",),
        names.TRADE_ID: ("id",),
    },
    pnl="money, after fees",
    declared={names.TIME: _MILLISECONDS, names.OPENED: _MILLISECONDS},
    results=(Results(("closed_at",), is_given, "trades still open"),),
    is_run=True,
)
