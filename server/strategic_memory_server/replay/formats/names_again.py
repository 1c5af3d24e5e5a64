"""Rows that name the columns of a table once more, as files have that were put together by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import compress

from strategic_memory_server.replay.files.cell_columns import NOTHING
from strategic_memory_server.replay.files.csv_layout import names_columns
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Page
from strategic_memory_server.replay.files.table import Table, distinct
from strategic_memory_server.replay.formats.cells import text_of
from strategic_memory_server.replay.formats.format import plain_name
from strategic_memory_server.replay.formats.recognition import names_a_record

_TIME = re.compile(r"(?:\D*\d){4}")
"""A name has fewer digits than a time."""

NAMES_AGAIN = "lines that name the columns again"


def has_words_for_times(page: Page, time: str) -> bool:
    """Tell whether a word can stand among the times of a page: whatever begins with a digit comes before."""
    # Columns that are made when they are asked for hold values, and no names.
    cells = page.columns.get(time, ()) if isinstance(page.columns, dict) else ()
    try:
        return max(map(str.lstrip, cells), default="") > ":"
    except TypeError:
        return True


def rows_without_names(table: Table, page: Page, time: str) -> list[bool]:
    """Tell of each row of a page whether it is kept, since it does not name the columns.

    Args:
        table: the table.
        page: the page, as the table has it, which has words for times.
        time: the column of the times.

    Raises:
        ReplayError: a row names other columns, or these in another order: words alone, which no other row has.
    """
    cells = page.columns[time]
    names = list(map(plain_name, table.columns))
    words = [isinstance(cell, str) and cell.lstrip()[:1].isalpha() and not _TIME.match(cell) for cell in cells]
    kept = [True] * len(words)
    for row in compress(range(len(words)), words):
        found = [text_of(page.columns[name][row]) for name in table.columns]
        again = list(map(plain_name, distinct(found)))
        kept[row] = again != names
        is_above = row + 1 < len(words) and not words[row + 1]
        if kept[row] and (sorted(again) == sorted(names) or _look_like_names(page, row, found, is_above)):
            raise ReplayError(
                f"{table.shown}: line {page.lines[row]} looks like names of columns, others than those above or in "
                f"another order: {', '.join(found)}. What is below it would be read by the names above: make a file of "
                "its own of it"
            )
    return kept


def _look_like_names(page: Page, row: int, found: Sequence[str], is_above: bool) -> bool:
    """Tell whether a row names columns of a record, or has words that no other row has, each another one.

    Args:
        page: the page.
        row: its place.
        found: its cells.
        is_above: whether the next row has a time.
    """
    if not names_columns(found):
        return False
    are_words = len({text.casefold() for text in found if text.casefold() not in NOTHING}) == len(found)
    return names_a_record(found) or (
        are_words and is_above and all(cells.count(cells[row]) == 1 for cells in page.columns.values())
    )
