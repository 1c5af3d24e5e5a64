"""Which columns of a table are read: those that the user maps, those of the format, and our own beside them."""

from __future__ import annotations

from collections.abc import Mapping

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.table import Table, again
from strategic_memory_server.replay.formats.column_map import mapped_column
from strategic_memory_server.replay.formats.date_and_time import in_two_columns
from strategic_memory_server.replay.formats.format import Format, found, plain_name
from strategic_memory_server.replay.formats.own_columns import BESIDE, COMMON_NAMES, OWN_COLUMNS, with_opening
from strategic_memory_server.replay.formats.reading import TableReading

_SAME = ((names.PNL, names.REALIZED_PNL), (names.REGIME, names.MARKET_REGIME))
"""Pairs of columns that mean the same."""


def reading_of(table: Table, known: Format, asked: Mapping[str, str], strategy: str | None) -> TableReading:
    """Return how a table is read as one format. What is mapped goes before what is found.

    Args:
        table: the table.
        known: the format.
        asked: the file's names of columns by ours, as the user maps them.
        strategy: whose rows are read, where the format does not pool those of several.

    Raises:
        ReplayError: a column that is read has a name that comes twice.
    """
    mapped = {ours: mapped_column(theirs, table.columns) for ours, theirs in asked.items()}
    by_user = {ours: theirs for ours, theirs in mapped.items() if theirs is not None}
    by_format = known.found(table.columns)
    if known in (OWN_COLUMNS, COMMON_NAMES) and names.TIME not in by_user:
        by_format = with_opening({**by_user, **by_format}, table.columns)
    columns = {**_beside(table, known, set(by_format.values())), **by_format}
    for one, other in _SAME:
        # Which of the two is written in a map says nothing of what a row is.
        if one in by_user and other not in by_user:
            by_user[_told(one)] = by_user.pop(one)
        elif other in by_user and one not in by_user:
            by_user[_told(other)] = by_user.pop(other)
        if one in by_user or other in by_user:
            columns.pop(one, None)
            columns.pop(other, None)
    columns |= by_user
    _require_one(table, columns, known, asked)
    times = [ours for ours in (names.TIME, names.OPENED) if ours in columns]
    both = {ours: in_two_columns(columns[ours], table.columns, columns.values()) for ours in times}
    in_two = {ours: each for ours, each in both.items() if each is not None}
    return TableReading(table, known, columns, frozenset(by_user), strategy, in_two)


def _told(ours: str) -> str:
    """Return under which of two names a mapped column is read: a pnl that is mapped is that of a trade."""
    return names.REALIZED_PNL if ours in (names.PNL, names.REALIZED_PNL) else names.REGIME


def _beside(table: Table, known: Format, taken: set[str]) -> dict[str, str]:
    """Return our own columns in a table of any format, but for those that it reads as something else."""
    own = {ours: found(theirs, table.columns) for ours, theirs in BESIDE.items() if ours not in known.columns}
    return {ours: theirs for ours, theirs in own.items() if theirs is not None and theirs not in taken}


def _require_one(table: Table, columns: Mapping[str, str], known: Format, asked: Mapping[str, str]) -> None:
    """Refuse a column that is read and comes twice, unless the user or the format says which one."""
    declared = [name for theirs in known.columns.values() for name in theirs]
    alike: dict[str, list[str]] = {}
    for name in table.columns:
        alike.setdefault(plain_name(name), []).append(name)
    for ours, theirs in columns.items():
        second = again(theirs, 2)
        if second in table.columns:
            chosen, names_of_it = found([second], declared) is not None, [again(theirs, 1), second]
        else:
            # Names count without regard to case; in a map the very name goes before.
            names_of_it = alike.get(plain_name(theirs), [])
            chosen = len(names_of_it) < 2 or theirs in asked.values()
        if not chosen and again(theirs, 1) not in asked.values():
            either = " or ".join(f"'{ours}={name}'" for name in names_of_it)
            raise ReplayError(f"{table.shown}: names {theirs} more than once; which one counts? --map {either}")
