"""Table: rows under one set of column names, as one of those that a file holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from strategic_memory_server.replay.files.page import TablePage


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that can be read as often as needed.

    Attributes:
        shown: what a message calls it: its file, and where it is in it.
        path: where it is within the file, from the outside in: member, sheet, section, names in JSON; () where
            the file is the table.
        columns: its column names, each once: a name that comes again is `name (2)`.
        pages: begins to read its rows.
        notes: what is worth telling of how it was found.
        is_sheet: whether it is of a workbook: its numbers may be shown in another unit than they are held.
        is_since_1904: whether it is of a workbook whose days count from 1904 and not from 1900.
        is_view: whether it shows what other tables of its database hold.
        unreadable: why nothing can be read of it, where it stands for a member of an archive, or a view, that cannot.
    """

    shown: str
    path: tuple[str, ...]
    columns: tuple[str, ...]
    pages: Callable[[], Iterator[TablePage]]
    notes: tuple[str, ...] = ()
    is_sheet: bool = False
    is_since_1904: bool = False
    is_view: bool = False
    unreadable: str = ""

    def within(self, name: str) -> Table:
        """Return the same table, one step further in."""
        return replace(self, path=(name, *self.path))


def again(name: str, number: int) -> str:
    """Return what a column is called whose name comes for the second time, or the third."""
    return f"{name} ({number})"


UNSEEN = str.maketrans("", "", "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060")
"""Marks without a width: of the order of bytes, as joined files have it within, and of the direction of writing."""


def headings(names: Sequence[str]) -> tuple[str, ...]:
    """Return names as columns have them: spaces are one space, what is unseen is none, each comes once."""
    counts: dict[str, int] = {}
    found: dict[str, None] = {}
    for name in (" ".join(name.translate(UNSEEN).split()) for name in names):
        counts[name] = counts.get(name, 0) + 1
        # A file may itself have a `name (2)`.
        while (column := name if counts[name] == 1 else again(name, counts[name])) in found:
            counts[name] += 1
        found[column] = None
    return tuple(found)
