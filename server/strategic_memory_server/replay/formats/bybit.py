"""Bybit: closed pnl, as its pages export it and as its interface answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import Cell, TablePage, overlaid
from strategic_memory_server.replay.formats.cells import text_of
from strategic_memory_server.replay.formats.format import Format, found
from strategic_memory_server.replay.written.time_units import Unit
from strategic_memory_server.replay.written.ways import Declared

_MILLISECONDS = Declared(unit=Unit.MILLISECONDS)

_TIME = ("Trade Time(UTC+0)", "Trade Time(UTC)", "Trade Time")

_MARKET = ("Settle Coin", "Coin", "Currency", "Contracts", "Market", "Symbol")

_TIME_FIRST = re.compile(r"(\d\d:\d\d(?::\d\d)?) (\d{4}-\d\d-\d\d)")


def _with_times(pages: Iterator[TablePage]) -> Iterator[TablePage]:
    for page in pages:
        column = found(_TIME, page.columns)
        yield page if column is None else overlaid(page, {column: [_date_first(cell) for cell in page.columns[column]]})


def _date_first(cell: Cell) -> Cell:
    """Return `09:30 2024-01-05` with the date first, and anything else as it is."""
    found_time = _TIME_FIRST.fullmatch(text_of(cell))
    return f"{found_time[2]} {found_time[1]}" if found_time else cell


CLOSED_PNL = Format(
    name="Bybit closed pnl",
    known_by=(
        ("Contracts", "Market"), _TIME, "Entry Price", "Exit Price", ("Closed P&L", "Realized P&L"),
        ("Exit Type", "Trade Type"),
    ),
    columns={names.TIME: _TIME, names.REALIZED_PNL: ("Closed P&L", "Realized P&L")},
    pnl="money, after fees",
    currency=_MARKET,
    rows=_with_times,
)  # fmt: skip

INTERFACE = Format(
    name="Bybit closed pnl, of its interface",
    known_by=("closedPnl", "avgEntryPrice", "avgExitPrice", "updatedTime"),
    columns={names.TIME: ("updatedTime",), names.REALIZED_PNL: ("closedPnl",)},
    pnl="money, after fees",
    currency=_MARKET,
    declared={names.TIME: _MILLISECONDS},
)
