"""Tables in a grid of cells, as sheets and reports have them: titles, column names and rows, one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from strategic_memory_server.replay.files.csv_layout import names_columns
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, Page
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table, distinct

Row = tuple[int, Sequence[Cell]]
"""A row of a grid, with its number from 1."""


@dataclass(slots=True)
class _Part:
    """Column names with the rows below them."""

    title: str
    header: Sequence[Cell]
    rows: list[Row]


def grid_tables(source: Source, rows: Sequence[Row]) -> list[Table]:
    """Return the tables of a grid, each under its title, if it has one."""
    parts = list(_parts(rows))
    return [
        table_of(source, (part.title,) if part.title and len(parts) > 1 else (), part.header, part.rows)
        for part in parts
    ]


def _parts(rows: Sequence[Row]) -> Iterator[_Part]:
    """Divide a grid where a row names columns: text alone, and below it a row that is not."""
    title, part = "", None
    for place, (number, cells) in enumerate(rows):
        given = [cell for cell in cells if cell is not None and cell != ""]
        below = rows[place + 1][1] if place + 1 < len(rows) else ()
        if len(given) > 1 and names_columns(given) and not _names_columns_alone(below):
            if part is not None:
                yield part
            part, title = _Part(title, cells, []), ""
        elif len(given) == 1:
            # A title or a remark: no row of a table says one thing alone.
            title = str(given[0])
        elif given and part is not None:
            part.rows.append((number, cells))
    if part is not None:
        yield part


def _names_columns_alone(cells: Sequence[Cell]) -> bool:
    given = [cell for cell in cells if cell is not None and cell != ""]
    return len(given) > 1 and names_columns(given)


def table_of(source: Source, path: tuple[str, ...], header: Sequence[Cell], rows: Sequence[Row]) -> Table:
    """Return rows that are held under the names of their columns."""
    names = ["" if cell is None else str(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    columns = distinct(names)
    return Table(source.shown, path, columns, lambda: _pages(rows, columns))


def _pages(rows: Sequence[Row], columns: Sequence[str]) -> Iterator[Page]:
    for first in range(0, max(len(rows), 1), PAGE_ROWS):
        some = rows[first : first + PAGE_ROWS]
        cells = {
            name: [row[place] if place < len(row) else None for _, row in some] for place, name in enumerate(columns)
        }
        yield Page(cells, [number for number, _ in some], (), min((first + PAGE_ROWS) / max(len(rows), 1), 1.0))
