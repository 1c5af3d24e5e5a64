"""freqtrade: a backtest export (JSON, or the .zip that holds it), and the database of a bot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import Cell, TablePage, overlaid
from strategic_memory_server.replay.formats.cells import is_false, is_given
from strategic_memory_server.replay.formats.format import Format, Results
from strategic_memory_server.replay.written.time_units import Unit
from strategic_memory_server.replay.written.ways import Declared

_MILLISECONDS = Declared(unit=Unit.MILLISECONDS)


def _with_timestamps(pages: Iterator[TablePage]) -> Iterator[TablePage]:
    """Put the date of a trade where it has no timestamp."""
    for page in pages:
        columns: dict[str, Sequence[Cell]] = {}
        for stamp, date in (("close_timestamp", "close_date"), ("open_timestamp", "open_date")):
            if stamp in page.columns and date in page.columns:
                pairs = zip(page.columns[stamp], page.columns[date], strict=True)
                columns[stamp] = [known if is_given(known) else written for known, written in pairs]
        yield overlaid(page, columns)


_CLOSED = Results(("is_open",), is_false, "trades still open")
_PNL = "a fraction of the stake, after fees"

BACKTEST = Format(
    name="freqtrade backtest export",
    known_by=("profit_ratio", ("close_timestamp", "close_date")),
    columns={
        names.TIME: ("close_timestamp", "close_date"),
        names.OPENED: ("open_timestamp", "open_date"),
        names.REALIZED_PNL: ("profit_ratio",),
    },
    pnl=_PNL,
    declared={names.TIME: _MILLISECONDS, names.OPENED: _MILLISECONDS},
    results=(_CLOSED,),
    rows=_with_timestamps,
    strategy_in_path=2,
    is_run=True,
)

DATABASE = Format(
    name="freqtrade database",
    known_by=("pair", "stake_amount", "close_profit", "close_profit_abs", "is_open", "close_date", "open_date"),
    columns={
        names.TIME: ("close_date",),
        names.OPENED: ("open_date",),
        names.REALIZED_PNL: ("close_profit",),
        names.STRATEGY: ("strategy",),
    },
    pnl=_PNL,
    results=(_CLOSED,),
    strategies_apart=True,
)

POINTER = Format(
    name="freqtrade's note of its newest backtest",
    known_by=("latest_backtest",),
    columns={},
    refused="it only names the newest export: give the .zip that it names",
)

ABOUT = Format(
    name="freqtrade's notes on a backtest (.meta.json)",
    known_by=("run_id", "backtest_start_time"),
    columns={},
    refused="it holds no trades: give the .zip of the same name",
)
