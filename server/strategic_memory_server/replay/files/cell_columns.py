"""From cells to columns of values. What cannot be read is found here, with the reason that the service would give."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from types import NoneType
from typing import cast

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.columns.stream_position import MAX_TIME_MS, MIN_TIME_MS
from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE, RejectionError, normalise_name, parse_number
from strategic_memory_server.replay.files.page import Cell

MILLISECONDS_FROM = 1e11
"""A time that is a number counts milliseconds from here on (which is 1973), seconds below."""

_DATE_DIGITS = 8

Mask = NDArray[np.bool_]


class Refusals:
    """Which rows of a page are refused, and why: of several reasons the first that was found.

    Args:
        rows: number of rows.
    """

    def __init__(self, rows: int) -> None:
        self.reasons: dict[int, str] = {}
        self._rows = rows

    def refuse(self, row: int, reason: str) -> None:
        """Refuse a row."""
        self.reasons.setdefault(row, reason)

    def refuse_all(self, rows: Mask, reason: str) -> None:
        """Refuse the rows at which the mask is true."""
        for row in np.flatnonzero(rows).tolist():
            self.refuse(row, reason)

    def accepted(self) -> Mask:
        """Give the mask of the rows that are not refused."""
        accepted = np.ones(self._rows, dtype=np.bool_)
        accepted[list(self.reasons)] = False
        return accepted


def is_given(cells: Sequence[Cell]) -> Mask:
    """Tell which cells hold something."""
    joined = _joined(cells)
    if joined == "":
        return np.zeros(len(cells), dtype=np.bool_)
    if joined is not None:
        return np.fromiter(map(bool, cells), np.bool_, len(cells)) if "" in cells else np.ones(len(cells), np.bool_)
    return np.array([cell is not None and cell != "" and not _is_nan(cell) for cell in cells], dtype=np.bool_)


def _joined(cells: Sequence[Cell]) -> str | None:
    """Give all cells as one text; None where one is no text. Nothing tells sooner that a column is empty."""
    try:
        return "".join(cast("Sequence[str]", cells))
    except TypeError:
        return None


def _is_nan(cell: Cell) -> bool:
    # Tables of numbers have no other way to leave one out.
    return isinstance(cell, float) and math.isnan(cell)


def numbers(column: str, cells: Sequence[Cell], refusals: Refusals) -> FloatColumn:
    """Read numbers; NaN for an empty cell."""
    joined = _joined(cells)
    if joined is None:
        return _known_numbers(column, cells, refusals)
    if not joined:
        return np.full(len(cells), math.nan)
    # `float` takes 1_000 too, which the service does not.
    if "_" in joined:
        return _one_by_one(column, cells, refusals)
    written = cast("Sequence[str]", cells)
    try:
        values = np.array([float(cell or math.nan) for cell in written] if "" in written else list(map(float, written)))
    except ValueError:
        return _one_by_one(column, cells, refusals)
    for row in np.flatnonzero(~(np.abs(values) <= MAX_MAGNITUDE)).tolist():
        if written[row]:
            values[row] = _number(column, written[row], row, refusals)
    return values


def _known_numbers(column: str, cells: Sequence[Cell], refusals: Refusals) -> FloatColumn:
    """Read cells that are numbers already, as JSON and tables have them, if they are."""
    if not set(map(type, cells)) <= {float, int, NoneType}:
        return _one_by_one(column, cells, refusals)
    try:
        values = np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64)
    except OverflowError:
        return _one_by_one(column, cells, refusals)
    for row in np.flatnonzero(np.abs(values) > MAX_MAGNITUDE).tolist():
        values[row] = _number(column, cells[row], row, refusals)
    return values


def _one_by_one(column: str, cells: Sequence[Cell], refusals: Refusals) -> FloatColumn:
    return np.array([_number(column, cell, row, refusals) for row, cell in enumerate(cells)], dtype=np.float64)


def _number(column: str, cell: Cell, row: int, refusals: Refusals) -> float:
    if cell is None:
        return math.nan
    if isinstance(cell, float) and abs(cell) <= MAX_MAGNITUDE:
        return cell
    text = "" if _is_nan(cell) else str(cell).strip()
    if not text:
        return math.nan
    try:
        return parse_number(column, text.encode(errors="surrogateescape"))
    except RejectionError as refused:
        refusals.refuse(row, refused.reason)
        return math.nan


def times_ms(column: str, cells: Sequence[Cell], refusals: Refusals) -> IndexColumn:
    """Read times, milliseconds since 1970-01-01 UTC; a text without a zone is UTC."""
    joined = _joined(cells)
    if joined and joined.isascii() and joined.isdigit() and set(map(len, cast("Sequence[str]", cells))) == {13}:
        # Thirteen digits are milliseconds, and none of them is out of range.
        return np.array(cells).astype(np.int64)
    found = np.zeros(len(cells), dtype=np.int64)
    for row, cell in enumerate(cells):
        try:
            found[row] = _time_ms(cell)
        except RejectionError as refused:
            refusals.refuse(row, f"{column}_{refused.reason}")
    return found


def _time_ms(cell: Cell) -> int:
    if isinstance(cell, int) and cell >= MILLISECONDS_FROM:
        return _counted_ms(cell)
    text = "" if cell is None or _is_nan(cell) else str(cell).strip()
    if not text:
        raise RejectionError("missing")
    # Digits alone can be read as a date of the basic format too; only eight of them are one.
    if text[4:5] != "-" and (len(text) != _DATE_DIGITS or not text.isdigit()):
        count = _as_number(text)
        if count is not None:
            return _counted_ms(count)
    try:
        return _datetime_ms(datetime.fromisoformat(text))
    except ValueError:
        raise RejectionError("not_a_time") from None


def _as_number(text: str) -> float | None:
    try:
        return parse_number("time", text.encode(errors="surrogateescape"))
    except RejectionError:
        return None


def _counted_ms(count: float) -> int:
    milliseconds = round(count if abs(count) >= MILLISECONDS_FROM else count * 1000.0)
    if not MIN_TIME_MS <= milliseconds <= MAX_TIME_MS:
        raise RejectionError("out_of_range")
    return milliseconds


def _datetime_ms(at: datetime) -> int:
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    apart = at - _EPOCH
    return (apart.days * 86_400 + apart.seconds) * 1000 + apart.microseconds // 1000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def texts(column: str, cells: Sequence[Cell], refusals: Refusals) -> list[str]:
    """Read names, stripped; empty for an empty cell."""
    if _joined(cells) == "":
        return [""] * len(cells)
    return list(map(_names(column, cells, refusals).__getitem__, cells))


def codes(column: str, cells: Sequence[Cell], refusals: Refusals, code_of: Callable[[str], int]) -> IndexColumn:
    """Read names as `texts` does, and give a number for each."""
    if _joined(cells) == "":
        return np.full(len(cells), code_of(""), dtype=np.int64)
    known = {cell: code_of(name) for cell, name in _names(column, cells, refusals).items()}
    return np.fromiter(map(known.__getitem__, cells), np.int64, len(cells))


def _names(column: str, cells: Sequence[Cell], refusals: Refusals) -> dict[Cell, str]:
    """Give the name in each different cell, in the order in which they come; empty for one that is refused."""
    known: dict[Cell, str] = {}
    refused: dict[Cell, str] = {}
    for cell in dict.fromkeys(cells):
        try:
            known[cell] = normalise_name(column, "" if cell is None or _is_nan(cell) else str(cell))
        except RejectionError as error:
            refused[cell] = error.reason
            known[cell] = ""
    if refused:
        for row, cell in enumerate(cells):
            if cell in refused:
                refusals.refuse(row, refused[cell])
    return known


def fingerprint(name: str) -> int:
    """Give 64 bits that tell names apart; 0 for an empty one."""
    return (int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True) or 1) if name else 0
