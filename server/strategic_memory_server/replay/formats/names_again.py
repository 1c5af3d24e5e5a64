"""Rows that name the columns of a table once more, as files have that were put together by hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import compress

from strategic_memory_server.replay.files.cell_columns import NOTHING
from strategic_memory_server.replay.files.csv_layout import is_value, names_columns
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, TablePage
from strategic_memory_server.replay.files.table import UNSEEN, Table, headings
from strategic_memory_server.replay.formats.cells import text_of
from strategic_memory_server.replay.formats.format import plain_name
from strategic_memory_server.replay.formats.recognition import names_a_record

_TIME = re.compile(r"(?:\D*\d){4}")
"""A name has fewer digits than a time."""

_FEWEST_OF_VALUES = 2
"""A word in the one column of times may be a remark in its row."""

NAMES_AGAIN = "lines that name the columns again"


def has_words_for_times(page: TablePage, time: str) -> bool:
    """Tell whether a word can stand among the times of a page: whatever begins with a digit comes before."""
    # Columns that are made when they are asked for hold values, and no names.
    cells = page.columns.get(time, ()) if isinstance(page.columns, dict) else ()
    try:
        return max(map(str.lstrip, cells), default="") > ":"
    except TypeError:
        return True


def rows_without_names(table: Table, page: TablePage, time: str) -> list[bool]:
    """Tell of each row of a page whether it is kept, since it does not name the columns.

    Args:
        table: the table.
        page: the page, as the table has it, which has words for times.
        time: the column of the times.

    Raises:
        ReplayError: a row names other columns, or these in another order: words alone, which are no values.
    """
    names = list(map(plain_name, table.columns))
    rows = _WordRows(table, page, time)
    kept = [True] * len(page.lines)
    for row, found in rows.cells.items():
        again = list(map(plain_name, headings(found)))
        kept[row] = again != names
        if kept[row] and (sorted(again) == sorted(names) or rows.look_like_names(row)):
            raise ReplayError(
                f"{table.shown}: line {page.lines[row]} looks like names of columns, others than those above or in "
                f"another order: {', '.join(found)}. What is below it would be read by the names above: make a file of "
                "its own of it"
            )
    return kept


class _WordRows:
    """The rows of a page that have a word for a time.

    Args:
        table: the table.
        page: the page.
        time: the column of the times.

    Attributes:
        cells: their cells, by their place.
    """

    def __init__(self, table: Table, page: TablePage, time: str) -> None:
        self._columns = [page.columns[name] for name in table.columns]
        times = page.columns[time]
        words = [isinstance(cell, str) and _begins_as_word(cell) and not _TIME.match(cell) for cell in times]
        self._rows = len(words)
        self.cells = {
            row: tuple(text_of(cells[row]) for cells in self._columns) for row in compress(range(len(words)), words)
        }

    def look_like_names(self, row: int) -> bool:
        """Tell whether one names columns of a record, or has words alone, each another one, that can be no values.

        Words are none where no other row of their columns has them, or where other rows have numbers or times in two
        columns at least, and this one a word in each of those.
        """
        found = self.cells[row]
        if not names_columns(found):
            return False
        if names_a_record(found):
            return True
        are_words = len({text.casefold() for text in found if text.casefold() not in NOTHING}) == len(found)
        # What follows the last row of a page is not known yet.
        is_above = row + 1 not in self.cells if row + 1 < self._rows else row + 1 == PAGE_ROWS
        if not (are_words and is_above):
            return False
        # Files of two kinds that were joined in turns have the names of each several times.
        twins = self._several[found]
        return self._of_values >= _FEWEST_OF_VALUES or all(cells.count(cells[row]) == twins for cells in self._columns)

    @cached_property
    def _several(self) -> Counter[tuple[str, ...]]:
        return Counter(self.cells.values())

    @cached_property
    def _of_values(self) -> int:
        """The number of columns in which most cells that hold something are numbers or times."""
        return sum(map(_are_values, self._columns))


def _begins_as_word(cell: str) -> bool:
    return cell.translate(UNSEEN).lstrip()[:1].isalpha()


def _are_values(cells: Sequence[Cell]) -> bool:
    texts = [text for text in map(text_of, cells) if text.casefold() not in NOTHING]
    return sum(map(is_value, texts)) * 2 > len(texts)
