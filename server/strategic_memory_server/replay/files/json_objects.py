"""The table of a JSON document without a list of objects: as pandas writes it, or lists with the names in the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from strategic_memory_server.replay.files.csv_layout import is_value, names_columns
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.grid import GridRow, grid_tables
from strategic_memory_server.replay.files.json_lines import cells_of, page_of
from strategic_memory_server.replay.files.json_once import ONCE
from strategic_memory_server.replay.files.page import Cell, TablePage
from strategic_memory_server.replay.files.source import MAX_WHOLE_BYTES, Source
from strategic_memory_server.replay.files.table import Table
from strategic_memory_server.replay.files.text_encoding import opened_text


def object_tables(source: Source, encoding: str) -> list[Table]:
    """Return the table of a document that is held at once: a row for each object, a column for each, or a row alone.

    Raises:
        ReplayError: it is broken, or too large.
    """
    with opened_text(source, encoding) as text:
        try:
            document = ONCE.decode(text.read(MAX_WHOLE_BYTES))
        except (ValueError, RecursionError) as error:
            raise ReplayError(f"{source.shown}: its JSON is broken: {error}. Export it again") from None
    if isinstance(document, list) and document and all(isinstance(row, list) for row in document):
        return grid_tables(source, _lists(document))
    if not isinstance(document, dict) or not document:
        return []
    if isinstance(document.get("columns"), list) and isinstance(document.get("data"), list):
        return grid_tables(source, _split(document))
    members = [member for member in document.values() if isinstance(member, dict)]
    if not members and not names_columns(list(document)):
        # A series: pandas calls the values of one without a name 0.
        return [_columns(source, {"0": document})]
    if len(members) < len(document):
        return [_rows(source, [document])]
    if not any(_says_something(member) for member in members):
        return []
    names = list(members[0])
    if not names or any(list(member) != names for member in members):
        return [_rows(source, _numbered(document))]
    if not names_columns(names):
        return [_columns(source, document)]
    # Rows by column or columns by row: where both could be names of columns, the one that has known ones is read.
    return [
        *([_columns(source, document)] if names_columns(list(document)) else []),
        _rows(source, _numbered(document)),
    ]


def _lists(rows: Sequence[object]) -> list[GridRow]:
    """Return the rows of a document that names its columns apart; what is no list is an empty row."""
    return [(number, cells_of(row) if isinstance(row, list) else ()) for number, row in enumerate(rows, start=1)]


def _split(document: Mapping[str, Any]) -> list[GridRow]:
    """Return the rows of a frame that names its columns and its rows apart; numbers of rows say nothing."""
    rows = _lists(document["data"])
    columns, index = cells_of(document["columns"]), document.get("index")
    if not isinstance(index, list) or len(index) != len(rows) or index == list(range(len(rows))):
        return [(0, columns), *rows]
    named = [(number, [name, *cells]) for name, (number, cells) in zip(cells_of(index), rows, strict=True)]
    return [(0, ["index", *columns]), *named]


def _numbered(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the rows of a document that names each; where these are no names but times or numbers, with them."""
    rows = {name: row for name, row in document.items() if isinstance(row, dict)}
    are_values = all(map(is_value, rows)) and not any("" in row for row in rows.values())
    return [{"": name, **row} for name, row in rows.items()] if are_values else list(rows.values())


def _says_something(member: Mapping[str, object]) -> bool:
    return any(not isinstance(value, dict | list) for value in member.values())


def _rows(source: Source, rows: Sequence[Mapping[str, object]]) -> Table:
    def pages() -> Iterator[TablePage]:
        yield page_of(rows, range(1, len(rows) + 1), (), 1.0)

    return Table(source.shown, (), tuple(dict.fromkeys(name for row in rows for name in row)), pages)


def _columns(source: Source, columns: Mapping[str, Mapping[str, object]]) -> Table:
    """Return the table of columns that have the same names of rows; those are a column without a name."""

    def pages() -> Iterator[TablePage]:
        index = list(next(iter(columns.values())))
        cells: dict[str, Sequence[Cell]] = {
            "": index,
            **{name: cells_of(list(column.values())) for name, column in columns.items()},
        }
        yield TablePage(cells, range(1, len(index) + 1), (), 1.0)

    return Table(source.shown, (), ("", *columns), pages)
