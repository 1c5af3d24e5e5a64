"""Tables of a file that nothing is read of: told, and refused where they look like more of the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import PurePath

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.csv_layout import is_like
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import TablePage
from strategic_memory_server.replay.files.table import Table
from strategic_memory_server.replay.formats.format import plain_name
from strategic_memory_server.replay.formats.naming import name_of, names_told
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES, OWN_COLUMNS
from strategic_memory_server.replay.formats.reading import TableReading
from strategic_memory_server.replay.formats.recognition import are_prices, is_record

TABLES_TOLD = 6
"""So many tables that are not read are told."""

_STILL_OPEN = ("openpos", "opentrade", "stillopen", "unrealized", "unrealised", "pending")
"""What plain names of tables of trades that are still open begin with."""


def unread_told(unread: Sequence[Table], read: Sequence[TableReading]) -> tuple[str, ...]:
    """Return what is worth telling of the tables that are not read: their names, their rows, and why.

    Args:
        unread: the tables of a file that nothing is read of.
        read: those that are read.

    Raises:
        ReplayError: one of them looks like more of the record.
    """
    told = []
    for table in unread:
        if table.unreadable:
            if not table.is_view:
                _require_other_kind(table, read)
            told.append(table.unreadable)
            continue
        beside = [each for each in read if not _describes(table, each) or _shares_names(table, each)]
        # What tells of a run is not even looked at: there may be much of it.
        pages = table.pages() if len(beside) == len(read) else iter(())
        first = next(pages, None)
        if first is None or not (first.lines or first.broken):
            continue
        # A view shows what is in tables: one of them is not more of the other.
        is_other = table.is_view or is_of_open_trades(table)
        others = [each for each in read if not (is_other or each.table.is_view)]
        alike = next((each for each in others if _is_alike(table, first, each)), None)
        if alike is not None:
            raise _more_of_the_record(table, alike, _rows(first, pages))
        told.append(f"{name_of(table)} ({_rows(first, pages)}, {_why(table)})")
    more = f", and {len(told) - TABLES_TOLD} more" if len(told) > TABLES_TOLD else ""
    return (f"not read: {', '.join(told[:TABLES_TOLD])}{more}",) if told else ()


def is_of_open_trades(table: Table) -> bool:
    """Tell whether the name of a table says that its trades are still open."""
    name = plain_name(PurePath(table.path[-1]).stem) if table.path else ""
    return name == "open" or name.startswith(_STILL_OPEN)


def _describes(table: Table, read: TableReading) -> bool:
    """Tell whether a table is in the export of a run of several lists, or in a file that is named after that."""
    run = read.table
    is_named_after = bool(table.path and run.path) and table.path[0].startswith(PurePath(run.path[0]).stem)
    is_of_lists = 0 < read.format.strategy_in_path <= len(run.path)
    return is_of_lists and (table.shown == run.shown or is_named_after)


def _shares_names(table: Table, read: TableReading) -> bool:
    """Tell whether a table has so many names of one that is read that it looks like another part of it."""
    others = _names(read.table)
    shared = len(_names(table) & others)
    # A tool has many tables with some names in common; one of them in which a name is changed has nearly all.
    is_of_tool = read.format not in (OWN_COLUMNS, COMMON_NAMES)
    return shared * 4 >= 3 * len(others) if is_of_tool else shared * 2 > len(others)


def _names(table: Table) -> set[str]:
    return {plain_name(name) for name in table.columns if name}


def _is_alike(table: Table, first: TablePage, read: TableReading) -> bool:
    """Tell whether a table looks like another part of one that is read."""
    columns = _names(table)
    if are_prices(columns):
        return _shares_names(table, read)
    if read.format not in (OWN_COLUMNS, COMMON_NAMES):
        others = _names(read.table)
        return _shares_names(table, read) or (len(columns & others) * 2 > len(others) and _is_as(first, read))
    is_of_same_times = plain_name(read.columns.get(names.TIME, "")) in columns
    return is_of_same_times or _shares_names(table, read) or _is_as(first, read)


def _is_as(first: TablePage, read: TableReading) -> bool:
    """Tell whether the rows of a table are as wide as those of another one, with values where these have them."""
    ours = next(read.table.pages(), None)
    if ours is None or len(first.columns) != len(read.table.columns):
        return False
    rows, others = (list(islice(zip(*page.columns.values(), strict=True), 20)) for page in (first, ours))
    return any(is_like(row, others) for row in rows) and bool(others)


def _rows(first: TablePage, rest: Iterator[TablePage]) -> str:
    rows = len(first.lines) + len(first.broken)
    return f"{rows:,} rows" + (" and more" if any(page.lines or page.broken for page in islice(rest, 1)) else "")


def _why(table: Table) -> str:
    if table.is_view:
        return "a view"
    if not table.columns:
        return "no row names its columns"
    known = COMMON_NAMES.found(table.columns)
    if is_record(known):
        return "trades still open, by its name" if is_of_open_trades(table) else "beside a table of a tool"
    return "no column is known as a pnl or a regime" if names.TIME in known else "no column is known as the time"


def _more_of_the_record(table: Table, read: TableReading, rows: str) -> ReplayError:
    return ReplayError(
        f"{table.shown}: {name_of(table)} ({rows}) is not read, since {_why(table)}, and looks like more of "
        f"{name_of(read.table)}, which is: its columns are {names_told(table.columns)}. Say which of them "
        "count with --map time=<column>,realized_pnl=<column>, or name them alike; if it is no part of the record, put "
        "what is into a file of its own"
    )


def _require_other_kind(table: Table, read: Sequence[TableReading]) -> None:
    """Refuse a member of an archive that cannot be read, where one of the same ending is, which is no whole run.

    Raises:
        ReplayError: it is so.
    """
    ending = PurePath(table.path[0]).suffix.lower()
    for each in read:
        if not each.format.is_run and PurePath(each.table.path[0]).suffix.lower() == ending:
            raise ReplayError(f"{table.unreadable}; {each.table.path[0]} beside it is read")
