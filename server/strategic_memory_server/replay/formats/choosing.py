"""Which of the tables that a file holds are read, and as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from strategic_memory_server.replay.files.column_names import NEEDED, PNL, REALIZED_PNL
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.file_contents import tables_of
from strategic_memory_server.replay.files.table import Table
from strategic_memory_server.replay.formats.column_map import mapped_column
from strategic_memory_server.replay.formats.columns_read import reading_of
from strategic_memory_server.replay.formats.format import Format
from strategic_memory_server.replay.formats.naming import NAMES_TOLD, name_of, names_told
from strategic_memory_server.replay.formats.one_close import require_one_close
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES, OWN_COLUMNS
from strategic_memory_server.replay.formats.reading import TableReading
from strategic_memory_server.replay.formats.recognition import is_record, recognised, require_one_pnl
from strategic_memory_server.replay.formats.unread_tables import is_of_open_trades, unread_told


def readings_of(path: Path, asked: Mapping[str, str], strategy: str | None) -> list[TableReading]:
    """Return the tables of a file that are read.

    Args:
        path: the file.
        asked: its names of columns by ours, as the user maps them.
        strategy: whose trades are read, where a file holds those of several.

    Raises:
        ReplayError: the file cannot be read, none of its tables is known, or which of them count is not clear.
    """
    found = tables_of(path)
    tables = [table for table in found if not table.unreadable]
    known = [(table, format_) for table in tables if (format_ := _format_of(table, asked)) is not None]
    if not any(table.columns for table in tables) and tables:
        raise ReplayError(f"{path}: no row names the columns: a number or a time stands in each")
    if not known and len(tables) == 1:
        # What it lacks is told row by row.
        return [reading_of(tables[0], COMMON_NAMES, asked, strategy)]
    chosen = _chosen(path, [each for each in known if not each[1].refused], asked, strategy)
    if not chosen:
        raise _unreadable(path, tables, known)
    for table, format_ in chosen:
        if format_ in (OWN_COLUMNS, COMMON_NAMES):
            require_one_pnl(table, asked)
    readings = [reading_of(table, format_, asked, strategy) for table, format_ in chosen]
    for reading in readings:
        require_one_close(reading)
    beside = _beside_others(known)
    unread = [table for table in found if table in beside or all(table is not each for each, _ in known)]
    first = readings[0]
    first.table = replace(first.table, notes=(*first.table.notes, *unread_told(unread, readings)))
    return readings


_Known = tuple[Table, Format]


def _format_of(table: Table, asked: Mapping[str, str]) -> Format | None:
    known = recognised(table, asked)
    if known is not None:
        return known
    by_user = [ours for ours, theirs in asked.items() if mapped_column(theirs, table.columns) is not None]
    return COMMON_NAMES if is_record({*by_user, *COMMON_NAMES.found(table.columns)}) else None


def _chosen(path: Path, known: Sequence[_Known], asked: Mapping[str, str], strategy: str | None) -> Sequence[_Known]:
    """Leave out what says the same again, and all but one of several runs.

    Raises:
        ReplayError: the tables are the record of nobody when pooled.
    """
    instead = {name for _, each in known for name in each.instead_of}
    beside = _beside_others(known)
    known = [
        (table, each)
        for table, each in known
        if each.name not in instead and table not in beside and not _says_again(table, each, known)
    ]
    _require_one_record(path, known, asked)
    return _of_one_run(path, known, strategy)


def _beside_others(known: Sequence[_Known]) -> Sequence[Table]:
    """Return what is no record beside others: tables of common names beside a tool's, of trades still open, views."""
    of_tools = {table.shown for table, each in known if each not in (OWN_COLUMNS, COMMON_NAMES)}
    beside = [table for table, each in known if each is COMMON_NAMES and table.shown in of_tools]
    still_open = [table for table, each in known if each in (OWN_COLUMNS, COMMON_NAMES) and is_of_open_trades(table)]
    views = [table for table, _ in known if table.is_view]
    # What a view shows is in tables, which may be those that are read.
    beside += views if len(views) < len(known) else []
    return [*beside, *(still_open if len(still_open) < len(known) else [])]


def _require_one_record(path: Path, known: Sequence[_Known], asked: Mapping[str, str]) -> None:
    """Refuse several tables of one file whose columns are different and each have a pnl, by a common name at least one.

    Sheets of trades and of what was earned each day would count everything twice, and so would two views of the same
    trades. What the user maps is meant.
    """
    earning = [
        (table, each)
        for table, each in known
        if {PNL, REALIZED_PNL} & set(each.found(table.columns))
        and not any(mapped_column(theirs, table.columns) is not None for theirs in asked.values())
    ]
    are_different = len({table.columns for table, _ in earning}) > 1
    views = [table for table, _ in earning if table.is_view]
    if (are_different and any(each is COMMON_NAMES for _, each in earning)) or len(views) > 1:
        listed = "; ".join(name_of(table) for table, _ in earning)
        raise ReplayError(
            f"{path}: holds several tables that could be the record: {listed}. Put the one that counts into a file of "
            "its own"
        )


def _of_one_run(path: Path, known: Sequence[_Known], strategy: str | None) -> Sequence[_Known]:
    runs = [(table, each) for table, each in known if each.is_run]
    if strategy is not None and (len(runs) > 1 or any(each.strategy_in_path for _, each in runs)):
        by_name = [(table, each) for table, each in runs if strategy in (_run_name(table, each), *table.path)]
        if not by_name:
            raise ReplayError(f"{path}: has no strategy {strategy!r}; it holds {_told(runs)}")
        known = [each for each in known if not each[1].is_run] + by_name
        runs = by_name
    if len(runs) > 1:
        raise ReplayError(
            f"{path}: holds the trades of {len(runs)} strategies, {_told(runs)}; together they are the "
            "record of nobody: choose one with --strategy"
        )
    return known


def _says_again(table: Table, known: Format, all_known: Sequence[_Known]) -> bool:
    """Tell whether another table of the same format beside this one says the same, and goes before it."""
    beside = {
        other.path[-1]
        for other, each in all_known
        if each is known and other.path[:-1] == table.path[:-1] and other.path
    }
    first = next((name for name in known.tables if name in beside), None)
    return first is not None and bool(table.path) and table.path[-1] != first


def _run_name(table: Table, known: Format) -> str:
    if not known.strategy_in_path:
        return ", ".join(table.path)
    return table.path[-known.strategy_in_path] if known.strategy_in_path <= len(table.path) else "one without a name"


def _told(runs: Sequence[_Known]) -> str:
    """Name runs: by their strategies, and where two have the same, by where they are."""
    named = [_run_name(*run) for run in runs]
    if len(set(named)) < len(named):
        places = [table.path[0] if table.path else "without a title" for table, _ in runs]
        named = [f"{name} ({place})" for name, place in zip(named, places, strict=True)]
    return ", ".join(named)


def _unreadable(path: Path, tables: Sequence[Table], known: Sequence[_Known]) -> ReplayError:
    for _, each in known:
        if each.refused:
            return ReplayError(f"{path}: is {each.name}; {each.refused}")
    if not tables:
        return ReplayError(f"{path}: holds no table")
    found = "; ".join(f"{', '.join(table.path)}: {names_told(table.columns)}" for table in tables[:NAMES_TOLD])
    return ReplayError(f"{path}: none of its {len(tables)} tables has columns that are known. {found}. {NEEDED}")
