"""Tables in a grid of cells, as sheets and reports have them: titles, column names and rows, one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from strategic_memory_server.replay.files.csv_layout import LOOKED_AT, is_like, names_below, names_columns
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, TablePage
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table, headings

GridRow = tuple[int, Sequence[Cell]]
"""A row of a grid, with its number from 1."""

_FEWEST_NAMES = 2

_REMARK_ROWS = 3
"""So many rows below words are looked at for one that is not empty."""


@dataclass(slots=True)
class _Part:
    """Column names with the rows below them."""

    title: str
    number: int
    header: Sequence[Cell]
    rows: list[GridRow]


def grid_tables(source: Source, rows: Sequence[GridRow], *, of_text: bool = False) -> list[Table]:
    """Return the tables of a grid, each under its title, if it has one; one without columns where no row names any.

    Args:
        source: where the rows are from.
        rows: the rows.
        of_text: whether a row with more or fewer fields than there are columns is broken; a sheet has notes beside its
            tables, and empty cells that nobody wrote.
    """
    parts = list(_parts(rows))
    tables = [
        table_of(
            source, (part.title,) if part.title and len(parts) > 1 else (), part.header, part.rows, of_text=of_text
        )
        for part in parts
    ]
    if not parts and (wide := [row for row in rows if len(_given(row[1])) >= _FEWEST_NAMES]):
        # What nothing names may be more of what another sheet holds.
        places = [str(place) for place in range(max(len(cells) for _, cells in wide))]
        return [replace(table_of(source, (), places, wide), columns=())]
    before = [(number, cells) for number, cells in rows if parts and number < parts[0].number and _given(cells)]
    if before:
        below = [cells for _, cells in parts[0].rows[:LOOKED_AT]]
        # A title says one thing alone, be it a date or a number.
        above = next((number for number, cells in before if len(_given(cells)) > 1 and is_like(cells, below)), 0)
        if above:
            raise ReplayError(f"{source.shown}: {names_below(above, parts[0].number)}")
        tables[0] = replace(tables[0], notes=(f"{len(before)} lines before the column names",))
    return tables


def is_divided(rows: Sequence[GridRow]) -> bool:
    """Tell whether rows are those of several tables."""
    return len(list(_parts(rows))) > 1


def _parts(rows: Sequence[GridRow]) -> Iterator[_Part]:
    """Divide a grid where a row names columns: text alone, and below it a row that is not.

    Further down such a row may be a bad one of the table. It names columns where an empty row or a title comes before
    it, or where it begins as the first names did.
    """
    title, part, is_apart = "", None, True
    for place, (number, cells) in enumerate(rows):
        given = _given(cells)
        below = _given(rows[place + 1][1]) if place + 1 < len(rows) else []
        # Names that come again without a title name the same table: whoever reads it passes them over.
        is_again = part is not None and not title and _plain(cells) == _plain(part.header)
        begins_anew = not is_again and (part is None or is_apart or cells[:1] == part.header[:1])
        if begins_anew and _name_columns(given) and not _name_columns(below):
            if part is None or not _is_remark(cells, rows[place + 1 : place + 1 + _REMARK_ROWS], part):
                if part is not None:
                    yield part
                part, title = _Part(title, number, cells, []), ""
        elif len(given) == 1 and (part is None or names_columns(given)):
            # A title or a remark: no row of a table says one thing alone.
            title = str(given[0])
        elif given and part is not None:
            part.rows.append((number, cells))
        is_apart = len(given) < _FEWEST_NAMES
    if part is not None:
        yield part


def _is_remark(cells: Sequence[Cell], below: Sequence[GridRow], part: _Part) -> bool:
    """Tell whether words stand between rows of a table: the next is as those above, with more than they could name."""
    row = next((row for _, row in below if _given(row)), ())
    named = [_is_there(part.header, place) and not _is_there(cells, place) for place in range(len(row))]
    has_more = any(_is_there(row, place) and is_unnamed for place, is_unnamed in enumerate(named))
    return has_more and bool(part.rows) and is_like(row, [above for _, above in part.rows[-LOOKED_AT:]])


def _plain(cells: Sequence[Cell]) -> list[str]:
    return [str(cell).strip().casefold() for cell in cells]


def _is_there(cells: Sequence[Cell], place: int) -> bool:
    return place < len(cells) and cells[place] not in (None, "")


def _given(cells: Sequence[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell is not None and cell != ""]


def _name_columns(given: Sequence[Cell]) -> bool:
    return len(given) >= _FEWEST_NAMES and names_columns(given)


def table_of(
    source: Source, path: tuple[str, ...], header: Sequence[Cell], rows: Sequence[GridRow], *, of_text: bool = False
) -> Table:
    """Return rows that are held under the names of their columns."""
    names = ["" if cell is None else str(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    columns = headings(names)
    broken = _broken(rows, len(columns)) if of_text else {}
    whole = [row for row in rows if row[0] not in broken] if broken else rows
    return Table(source.shown, path, columns, lambda: _pages(whole, columns, list(broken.items())))


def _broken(rows: Sequence[GridRow], width: int) -> dict[int, str]:
    """Return the rows that have more or fewer fields than there are columns, each with the reason."""
    too_few = {number: "too_few_fields" for number, cells in rows if len(cells) < width}
    return too_few | {number: "too_many_fields" for number, cells in rows if any(cells[width:])}


def _pages(rows: Sequence[GridRow], columns: Sequence[str], broken: Sequence[tuple[int, str]]) -> Iterator[TablePage]:
    for first in range(0, max(len(rows), 1), PAGE_ROWS):
        some = rows[first : first + PAGE_ROWS]
        cells = {
            name: [row[place] if place < len(row) else None for _, row in some] for place, name in enumerate(columns)
        }
        share = min((first + PAGE_ROWS) / max(len(rows), 1), 1.0)
        yield TablePage(cells, [number for number, _ in some], () if first else broken, share)
