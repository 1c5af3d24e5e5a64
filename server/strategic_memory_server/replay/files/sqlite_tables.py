"""Tables and views of a SQLite database, as a live bot keeps one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, TablePage
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table


def sqlite_tables(source: Source) -> list[Table]:
    """Return the tables and the views of a database. It is only read: a bot may go on writing into it.

    Raises:
        ReplayError: it cannot be read.
    """
    try:
        with closing(_opened(source)) as database:
            named = database.execute(
                "SELECT name, type = 'view' FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY type, rowid"
            ).fetchall()
            kept = [(name, is_view) for name, is_view in named if not name.startswith("sqlite_")]
            return [_table(source, database, name, is_view=bool(is_view)) for name, is_view in kept]
    except sqlite3.Error as error:
        raise _unreadable(source, error) from None


def _table(source: Source, database: sqlite3.Connection, name: str, *, is_view: bool) -> Table:
    try:
        columns = _columns(database, name)
    except sqlite3.Error as error:
        if not is_view:
            raise
        # It may be of a table that is gone, or call what only its own program has.
        told = f"{name}, a view that cannot be read: {error}"
        return Table(source.shown, (name,), (), lambda: iter(()), is_view=True, unreadable=told)
    return Table(source.shown, (name,), columns, lambda: _pages(source, name, columns), is_view=is_view)


def _opened(source: Source) -> sqlite3.Connection:
    whole = source.whole()
    if isinstance(whole, Path):
        # A bot that has it open keeps a log beside it, which belongs to it; without one nothing is made there. What was
        # changed halfway stands in its journal as it was before.
        is_open = any(whole.with_name(f"{whole.name}{log}").exists() for log in ("-wal", "-journal"))
        how = "mode=ro" if is_open else "mode=ro&immutable=1"
        database = sqlite3.connect(f"{whole.resolve().as_uri()}?{how}", uri=True)
    else:
        database = sqlite3.connect(":memory:")
        held = bytearray(whole.read())
        # Bytes 18 and 19 say that there is a log beside it, which there cannot be.
        held[18:20] = b"\1\1"
        database.deserialize(bytes(held))
    # A text that is not UTF-8 stays in its cell, and is refused there.
    database.text_factory = lambda text: text.decode(errors="surrogateescape")
    return database


def _columns(database: sqlite3.Connection, table: str) -> tuple[str, ...]:
    # Those that are worked out from others are hidden in the shorter list; hidden in rows are those marked by 1 alone.
    described = database.execute(f"PRAGMA table_xinfo({_quoted(table)})")
    return tuple(name for _, name, _, _, _, _, hidden in described if hidden != 1)


def _pages(source: Source, table: str, columns: Sequence[str]) -> Iterator[TablePage]:
    read = 0
    try:
        with closing(_opened(source)) as database:
            rows = database.execute(f"SELECT * FROM {_quoted(table)}")  # noqa: S608  a name of its own, quoted
            while some := rows.fetchmany(PAGE_ROWS):
                cells = dict(zip(columns, map(_cells, zip(*some, strict=True)), strict=True))
                yield TablePage(cells, range(read + 1, read + len(some) + 1), (), 1.0)
                read += len(some)
    except sqlite3.Error as error:
        raise _unreadable(source, error) from None


def _cells(values: Sequence[Cell | bytes]) -> Sequence[Cell]:
    """Return the values of a column as cells: bytes, as what numpy has is kept for one, are text that says nothing."""
    return [value.decode(errors="surrogateescape") if isinstance(value, bytes) else value for value in values]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_HALF_DONE = {
    "SQLITE_BUSY": "another program is writing into it: try again, or copy it by `sqlite3 FILE '.backup COPY'`",
    "SQLITE_READONLY_ROLLBACK": (
        "it was changed halfway, and what was there before lies in its -journal: open it once with `sqlite3`, which "
        "puts that back"
    ),
}
"""What to do about a database that cannot be read now, by the name of the error."""


def _unreadable(source: Source, error: sqlite3.Error) -> ReplayError:
    told = _HALF_DONE.get(getattr(error, "sqlite_errorname", ""))
    return ReplayError(f"{source.shown}: {told or f'is no SQLite database that can be read: {error}'}")
