"""A table of a file: columns of cells by the names that the file gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MOST_ROWS = 1_000_000
"""Most rows that the service takes."""


class FileError(ValueError):
    """A file cannot be used; the message names the place and what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, oldest row first as the file has it.

    Attributes:
        shown: its file, for messages.
        columns: the cells by column; text, or what the file has for a type.
        rows: number of each row, as people count them there.
        counts: what is counted: "line" or "row".
        may_group_by_dots: whether it is written as where 1.234 is more than a thousand.
    """

    shown: str
    columns: Mapping[str, Iterable[object]]
    rows: Sequence[int]
    counts: str = "row"
    may_group_by_dots: bool = False

    def at(self, index: int) -> str:
        """Return where a row is, for messages."""
        return f"{self.shown}: {self.counts} {self.rows[index]}"
