"""Rows that name the columns of a table once more, as files have that were put together by hand."""

from __future__ import annotations

from collections.abc import Sequence

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell, Page
from strategic_memory_server.replay.files.table import Table, distinct
from strategic_memory_server.replay.formats.cells import text_of
from strategic_memory_server.replay.formats.format import plain_name
from strategic_memory_server.replay.formats.recognition import names_a_record

NAMES_AGAIN = "lines that name the columns again"


def rows_without_names(table: Table, page: Page, time: str) -> list[bool]:
    """Tell of each row of a page whether it is kept, since it does not name the columns; empty where all are.

    Args:
        table: the table.
        page: the page, as the table has it.
        time: the column of the times.

    Raises:
        ReplayError: a row names other columns, or these in another order.
    """
    # Columns that are made when they are asked for hold values, and no names.
    cells = page.columns.get(time, ()) if isinstance(page.columns, dict) else ()
    if not _may_be_names(cells):
        return []
    names = list(map(plain_name, table.columns))
    kept = [True] * len(page.lines)
    for row in (row for row, cell in enumerate(cells) if isinstance(cell, str) and cell.lstrip()[:1].isalpha()):
        found = [text_of(page.columns[name][row]) for name in table.columns]
        again = list(map(plain_name, distinct(found)))
        kept[row] = again != names
        if kept[row] and (sorted(again) == sorted(names) or names_a_record(found)):
            raise ReplayError(
                f"{table.shown}: line {page.lines[row]} names columns again, others or in another order: "
                f"{', '.join(found)}. What is below it would be read by the names above: make a file of its own of it"
            )
    return kept


def _may_be_names(cells: Sequence[Cell]) -> bool:
    """Tell whether a time can be a word: whatever begins with a digit comes before."""
    try:
        return max(map(str.lstrip, cells), default="") > ":"  # type: ignore[arg-type]
    except TypeError:
        return True
