"""Cells of names, and which rows are refused: with the reason that the service would give."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import cast

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.entries.entry_fields import RejectionError, normalise_name, without_numpy
from strategic_memory_server.replay.files.page import Cell

NOTHING = frozenset({"", "-", "--", "nan", "na", "n/a", "#n/a", "none", "null", "nil", "<na>", "nat"})
"""What programs write where there is no value, lower-case."""

_NOTHING_CELLS = frozenset(
    {form for word in NOTHING for form in (word, word.upper(), word.capitalize())} | {"NaN", "NaT"}
)

Mask = NDArray[np.bool_]


class Refusals:
    """Which rows of a page are refused, and why: of several reasons the first that was found.

    Args:
        lines: the line of each row.

    Attributes:
        reasons: the reason for each refused row.
        cells: what was refused, of the rows whose reason lies in one cell.
    """

    def __init__(self, lines: Sequence[int]) -> None:
        self.lines = lines
        self.reasons: dict[int, str] = {}
        self.cells: dict[int, Cell] = {}

    def refuse(self, row: int, reason: str, cell: Cell = None) -> None:
        """Refuse a row."""
        if row not in self.reasons:
            self.reasons[row] = reason
            if cell is not None:
                self.cells[row] = cell

    def refuse_all(self, rows: Mask, reason: str, cells: Sequence[Cell] | None = None) -> None:
        """Refuse the rows at which the mask is true."""
        for row in np.flatnonzero(rows).tolist():
            self.refuse(row, reason, None if cells is None else cells[row])

    def accepted(self) -> Mask:
        """Return the mask of the rows that are not refused."""
        accepted = np.ones(len(self.lines), dtype=np.bool_)
        accepted[list(self.reasons)] = False
        return accepted


def is_given(cells: Sequence[Cell]) -> Mask:
    """Tell which cells hold something."""
    text = as_one_text(cells)
    if text == "":
        return np.zeros(len(cells), dtype=np.bool_)
    if text is None:
        return np.array([not _is_nothing(cell) for cell in cells], dtype=np.bool_)
    if _NOTHING_CELLS.isdisjoint(cells):
        return np.ones(len(cells), np.bool_)
    return np.array([cell not in _NOTHING_CELLS for cell in cells], dtype=np.bool_)


def as_one_text(cells: Sequence[Cell]) -> str | None:
    """Return all cells as one text; None where one is no text. Nothing tells sooner that a column is empty."""
    try:
        return "".join(cast("Sequence[str]", cells))
    except TypeError:
        return None


def _is_nothing(cell: Cell) -> bool:
    return cell is None or cell in _NOTHING_CELLS or _is_nan(cell)


def _is_nan(cell: Cell) -> bool:
    # Tables of numbers have no other way to leave one out.
    return isinstance(cell, float) and math.isnan(cell)


def texts(column: str, cells: Sequence[Cell], refusals: Refusals) -> list[str]:
    """Read names, stripped; empty for an empty cell."""
    if as_one_text(cells) == "":
        return [""] * len(cells)
    return list(map(_names(column, cells, refusals).__getitem__, cells))


def codes(column: str, cells: Sequence[Cell], refusals: Refusals, code_of: Callable[[str], int]) -> IndexColumn:
    """Read names as `texts` does, and return a number for each."""
    known = {cell: code_of(name) for cell, name in _names(column, cells, refusals).items()}
    if len(known) == 1:
        (code,) = known.values()
        return np.full(len(cells), code, dtype=np.int64)
    return np.fromiter(map(known.__getitem__, cells), np.int64, len(cells))


def _names(column: str, cells: Sequence[Cell], refusals: Refusals) -> dict[Cell, str]:
    """Return the name in each different cell, in the order in which they come; empty for one that is refused."""
    known: dict[Cell, str] = {}
    refused: dict[Cell, str] = {}
    for cell in dict.fromkeys(cells):
        try:
            # None and NaN are among what stands for nothing, as text too.
            name = normalise_name(column, without_numpy(str(cell)))
            known[cell] = "" if name in _NOTHING_CELLS else name
        except RejectionError as error:
            refused[cell] = error.reason
            known[cell] = ""
    if refused:
        for row, cell in enumerate(cells):
            if cell in refused:
                refusals.refuse(row, refused[cell], cell)
    return known


def fingerprint(name: str) -> int:
    """Return 64 bits that tell names apart; 0 for an empty one."""
    return (int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True) or 1) if name else 0


def trade_name(name: str) -> str:
    """Return the id of a trade: a whole number is the same with a decimal point, as spreadsheets write it.

    With three noughts behind the point it is a thousand.
    """
    whole, point, rest = name.partition(".")
    is_whole = bool(rest) and not rest.strip("0") and rest != "000"
    return whole if point and whole.isdigit() and is_whole else name
