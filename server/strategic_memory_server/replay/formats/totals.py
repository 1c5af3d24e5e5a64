"""Rows that are totals of the others: no results, and twice the record where one of them has a time."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, TablePage
from strategic_memory_server.replay.formats.cells import text_of

TOTALS = "totals"

_WORDS = ("total", "totals", "grand total", "subtotal", "sub-total", "sub total", "sum", "summe", "gesamt")
_CELLS = frozenset(
    form + end for word in _WORDS for form in (word, word.capitalize(), word.title()) for end in ("", ":")
)
_FOR_TIMES = _CELLS | {form.upper() for form in _CELLS}
"""Among times and regimes what is shouted is a total too; elsewhere it may be a symbol."""

_OF_WHAT = re.compile(r"\S+ (?:sub-?)?totals?:?", re.IGNORECASE)
"""`Daily total`, `AAPL Total`: more words may be a remark, and these may be a kind of close, a regime or a symbol."""

_ROUNDING = 0.001
"""So far from its sum may a total be, as a share of what was won and lost."""


def rows_without_totals(page: TablePage, read: Mapping[str, str]) -> list[bool]:
    """Tell of each row of a page whether it is kept, since it is no total; empty where all are.

    Totals stand at the end: but for its times, a page that others follow is not looked at.

    Args:
        page: the page, as the table has it.
        read: by our names the columns that are read.
    """
    found: set[int] = set()
    for cells, known in _looked_at(page, read):
        of_what = _totals_of_something(cells) - known
        words = known | of_what
        if not words.isdisjoint(cells):
            rows = [row for row, cell in enumerate(cells) if cell in words]
            # What most rows say is a name.
            rows = rows if 2 * len(rows) <= len(cells) else []
            # What stands beside the rows of a sheet says nothing of a row that is whole.
            is_usual = _is_usual(cells)
            sums = _sums(page, cells, of_what, read) if is_usual and of_what and rows else frozenset()
            usual = [each for each in page.columns.values() if _is_usual(each)]
            for row in rows:
                lacks_something = any(each[row] in ("", None) for each in usual)
                if lacks_something or (is_usual and (cells[row] in known or row in sums)):
                    found.add(row)
    return [row not in found for row in range(len(page.lines))] if found else []


def _totals_of_something(cells: Sequence[Cell]) -> frozenset[str]:
    return frozenset(cell for cell in set(cells) if isinstance(cell, str) and _OF_WHAT.fullmatch(cell))


def _is_usual(cells: Sequence[Cell]) -> bool:
    """Tell whether most rows have something in a column."""
    return 2 * sum(cell not in ("", None) for cell in cells) > len(cells)


def _sums(page: TablePage, cells: Sequence[Cell], words: Collection[Cell], read: Mapping[str, str]) -> set[int]:
    """Return which rows that are whole are totals of what they name: `Cierre total` and `risk total` are trades.

    A total stands once, below all rows that say what it is of; or each such row is the sum of those since the last.
    """
    at: dict[Cell, list[int]] = {}
    for row, cell in enumerate(cells):
        at.setdefault(cell, []).append(row)
    pnl = next((read[name] for name in (names.PNL, names.REALIZED_PNL) if name in read), None)
    earned = np.array([_number(cell) for cell in page.columns.get(pnl or "", [None] * len(cells))])
    found: set[int] = set()
    for word in words:
        rows, of_it = at[word], at.get(str(word).rsplit(" ", 1)[0])
        if of_it:
            is_total = len(rows) == 1 and of_it[-1] < rows[0]
        else:
            groups = [earned[begin:row] for begin, row in zip([0, *(row + 1 for row in rows)], rows, strict=False)]
            is_total = all(
                group.size and abs(group.sum() - earned[row]) <= _ROUNDING * np.abs(group).sum()
                for group, row in zip(groups, rows, strict=True)
            )
        found.update(rows if is_total else ())
    return found


def _number(cell: Cell) -> float:
    text = text_of(cell).strip("$€£ ").replace(",", "")
    try:
        return float(text or 0.0)
    except ValueError:
        return math.nan


def _looked_at(page: TablePage, read: Mapping[str, str]) -> Iterator[tuple[Sequence[Cell], frozenset[str]]]:
    """Yield the columns of cells that were written by hand, and the words that mean a total there."""
    if not isinstance(page.columns, dict):
        return
    time = read.get(names.TIME)
    of_regimes = {read.get(names.REGIME), read.get(names.MARKET_REGIME)}
    of_values = set(read.values()) - of_regimes - {read.get(names.POLICY), read.get(names.TRADE_ID)}
    for name, cells in page.columns.items():
        if name == time:
            # Where no time stands there is no trade.
            yield cells, _FOR_TIMES | _totals_of_something(cells)
        elif len(page.lines) < PAGE_ROWS and name not in of_values:
            yield cells, _FOR_TIMES if name in of_regimes else _CELLS
