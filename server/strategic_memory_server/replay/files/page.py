"""Page: some rows of a file as cells, column by column, before anything is read from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

PAGE_ROWS = 10_000
"""Rows that are read at once: enough for columns to pay, few enough to be held as text."""

Cell = str | int | float | bool | None
"""What a file holds in one place; "" and None: nothing."""


@dataclass(frozen=True, slots=True)
class Page:
    """Parallel columns of cells.

    Attributes:
        columns: cells by the file's own column names.
        lines: number of each row's line in the file, or of the row itself where the format has no lines, from 1.
        broken: lines that are no row at all, each with the reason.
        read_share: how much of the file has been read by now, 0 to 1.
    """

    columns: Mapping[str, Sequence[Cell]]
    lines: Sequence[int]
    broken: Sequence[tuple[int, str]]
    read_share: float


class Reading(Protocol):
    """A file that is open for reading."""

    def pages(self) -> Iterator[Page]:
        """Give its rows, page by page."""
