"""backtrader: closed trades as an analyzer collects them, by the recipe of docs/formats.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import Cell, TablePage, overlaid
from strategic_memory_server.replay.formats.cells import is_false, text_of
from strategic_memory_server.replay.formats.format import Format, Results, found

_DAY_1990, _DAY_2100 = 726_468, 766_645


def _with_times(pages: Iterator[TablePage]) -> Iterator[TablePage]:
    for page in pages:
        stamped = [column for name in ("dtopen", "dtclose") if (column := found([name], page.columns))]
        yield overlaid(page, {name: list(map(_time, page.columns[name])) for name in stamped})


def _time(cell: Cell) -> Cell:
    """Return the time that backtrader's number of days since the year 1 is; anything else as it is."""
    try:
        days = float(text_of(cell))
    except ValueError:
        return cell
    if not _DAY_1990 <= days <= _DAY_2100:
        return cell
    # The fraction of a day holds no more than some ten microseconds.
    seconds = round((days - int(days)) * 86_400, 3)
    return (datetime.fromordinal(int(days)) + timedelta(seconds=seconds)).isoformat(" ")


TRADES = Format(
    name="backtrader trades",
    known_by=("ref", "pnl", "pnlcomm", "dtopen", "dtclose"),
    columns={names.TIME: ("dtclose",), names.OPENED: ("dtopen",), names.REALIZED_PNL: ("pnlcomm",)},
    pnl="money, after commission",
    zone="that of the prices, UTC without --zone",
    results=(
        Results(
            ("isclosed", "dtclose"), lambda cell: not is_false(cell), "trades still open"
        ),
    ),
    rows=_with_times,
    is_run=True,
)  # fmt: skip
