"""Tables of a SQLite database, as a live bot keeps one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS, Page
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table


def sqlite_tables(source: Source) -> list[Table]:
    """Return the tables of a database. It is only read: a bot may go on writing into it.

    Raises:
        ReplayError: it cannot be read.
    """
    try:
        with closing(_opened(source)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            columns = {name: _columns(database, name) for name in names if not name.startswith("sqlite_")}
    except sqlite3.Error as error:
        raise _unreadable(source, error) from None
    return [_table(source, name, found) for name, found in columns.items()]


def _table(source: Source, name: str, columns: tuple[str, ...]) -> Table:
    return Table(source.shown, (name,), columns, lambda: _pages(source, name, columns))


def _opened(source: Source) -> sqlite3.Connection:
    whole = source.whole()
    if isinstance(whole, Path):
        # A bot that has it open keeps a log beside it, which belongs to it; without one nothing is made there.
        is_open = whole.with_name(f"{whole.name}-wal").exists()
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
    return tuple(row[1] for row in database.execute(f"PRAGMA table_info({_quoted(table)})"))


def _pages(source: Source, table: str, columns: Sequence[str]) -> Iterator[Page]:
    read = 0
    try:
        with closing(_opened(source)) as database:
            rows = database.execute(f"SELECT * FROM {_quoted(table)}")  # noqa: S608  a name of its own, quoted
            while some := rows.fetchmany(PAGE_ROWS):
                cells = dict(zip(columns, zip(*some, strict=True), strict=True))
                yield Page(cells, range(read + 1, read + len(some) + 1), (), 1.0)
                read += len(some)
    except sqlite3.Error as error:
        raise _unreadable(source, error) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unreadable(source: Source, error: sqlite3.Error) -> ReplayError:
    return ReplayError(f"{source.shown}: is no SQLite database that can be read: {error}")
