"""Rows that are totals of the others: no results, and twice the record where one of them has a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, TablePage

TOTALS = "totals"

_WORDS = ("total", "totals", "grand total", "subtotal", "sub-total", "sub total", "sum", "summe", "gesamt")
_CELLS = frozenset(
    form + end for word in _WORDS for form in (word, word.capitalize(), word.title()) for end in ("", ":")
)
_FOR_TIMES = _CELLS | {form.upper() for form in _CELLS}
"""Among times and regimes what is shouted is a total too; elsewhere it may be a symbol."""

_OF_WHAT = re.compile(r"\S+ (?:sub-?)?totals?:?", re.IGNORECASE)
"""`Daily total`, `AAPL Total`: two words are no symbol, and more of them may be a remark."""


def rows_without_totals(page: TablePage, read: Mapping[str, str]) -> list[bool]:
    """Tell of each row of a page whether it is kept, since it is no total; empty where all are.

    Totals stand at the end: but for its times, a page that others follow is not looked at.

    Args:
        page: the page, as the table has it.
        read: by our names the columns that are read.
    """
    found: set[int] = set()
    for cells, known in _looked_at(page, read):
        words = known | {cell for cell in set(cells) if isinstance(cell, str) and _OF_WHAT.fullmatch(cell)}
        if not words.isdisjoint(cells):
            rows = [row for row, cell in enumerate(cells) if cell in words]
            # What most rows say is a name.
            rows = rows if 2 * len(rows) <= len(cells) else []
            # What stands beside the rows of a sheet says nothing of a row that is whole.
            found.update(rows if _is_usual(cells) else (row for row in rows if _lacks_something(page, row)))
    return [row not in found for row in range(len(page.lines))] if found else []


def _is_usual(cells: Sequence[Cell]) -> bool:
    """Tell whether most rows have something in a column."""
    return 2 * sum(cell not in ("", None) for cell in cells) > len(cells)


def _lacks_something(page: TablePage, row: int) -> bool:
    """Tell whether a row has nothing where most rows have something."""
    return any(cells[row] in ("", None) and _is_usual(cells) for cells in page.columns.values())


def _looked_at(page: TablePage, read: Mapping[str, str]) -> Iterator[tuple[Sequence[Cell], frozenset[str]]]:
    """Yield the columns of cells that were written by hand, and the words that mean a total there."""
    if not isinstance(page.columns, dict):
        return
    time = read.get(names.TIME)
    of_regimes = {read.get(names.REGIME), read.get(names.MARKET_REGIME)}
    of_values = set(read.values()) - of_regimes - {read.get(names.POLICY), read.get(names.TRADE_ID)}
    for name, cells in page.columns.items():
        if name == time:
            yield cells, _FOR_TIMES
        elif len(page.lines) < PAGE_ROWS and name not in of_values:
            yield cells, _FOR_TIMES if name in of_regimes else _CELLS
