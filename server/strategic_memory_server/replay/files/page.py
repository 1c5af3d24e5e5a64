"""TablePage: some rows of a file as cells, column by column, before anything is read from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

PAGE_ROWS = 10_000
"""Rows that are read at once: enough for columns to pay, few enough to be held as text."""

Cell = str | int | float | bool | None
"""What a file holds in one place; "" and None: nothing."""


@dataclass(frozen=True, slots=True)
class TablePage:
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


class _Overlaid(Mapping[str, Sequence[Cell]]):
    """Columns of a page, some of them others: what is not asked for is not made."""

    def __init__(self, over: Mapping[str, Sequence[Cell]], under: Mapping[str, Sequence[Cell]]) -> None:
        self._over, self._under = over, under

    def __getitem__(self, name: str) -> Sequence[Cell]:
        return self._over[name] if name in self._over else self._under[name]

    def __contains__(self, name: object) -> bool:
        return name in self._over or name in self._under

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._under), **dict.fromkeys(self._over)})

    def __len__(self) -> int:
        return len(list(iter(self)))


def overlaid(page: TablePage, columns: Mapping[str, Sequence[Cell]]) -> TablePage:
    """Return a page with other cells in some of its columns."""
    return TablePage(_Overlaid(columns, page.columns), page.lines, page.broken, page.read_share)
