"""PlainWays: columns as programs write them, read at once.

Whatever could be meant otherwise, or is no number or time at all, is left to the survey of the whole column.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC
from types import NoneType
from typing import cast

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE
from strategic_memory_server.replay.files.cell_columns import Refusals, as_one_text
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.hours_seen import HoursSeen
from strategic_memory_server.replay.written.iso_column import iso_times, whole_numbers
from strategic_memory_server.replay.written.time_style import DAYS_ALONE, NOT_GIVEN
from strategic_memory_server.replay.written.time_units import COUNTED, RANGES, Unit, counted_elsewhere
from strategic_memory_server.replay.written.ways import Declared, NotPlainError

_GROUPED_OR_NOT = re.compile(r"\s*[+-]?[1-9][0-9]{0,2}\.[0-9]{3}\s*")
_GROUPED = re.compile(r"\s*[+-]?[0-9]{1,4}\s*")
_MOST_LENGTHS = 12
_DAY = len("2024-01-05")
_PER_MS = {Unit.MILLISECONDS: 1, Unit.MICROSECONDS: 10**3, Unit.NANOSECONDS: 10**6}
_WRITTEN_OUT = "ISO 8601"


class PlainWays:
    """Reads the columns of one file.

    Args:
        general: what is known of all columns.
        declared: what is known of some, by their names.
    """

    def __init__(self, general: Declared, declared: Mapping[str, Declared]) -> None:
        self._general, self._declared = general, declared
        self._proved: set[str] = set()
        self._open: set[str] = set()
        self._times: dict[str, str] = {}
        self._zoneless: set[str] = set()
        self._days_alone: set[str] = set()
        self._hours: defaultdict[str, HoursSeen] = defaultdict(HoursSeen)

    @property
    def is_certain(self) -> bool:
        """Whether no number that was read can be meant otherwise."""
        return self._open <= self._proved

    def unit(self, column: str) -> str:
        """Return nothing: plain numbers have no unit."""
        del column
        return ""

    def describe(self) -> Mapping[str, str]:
        """Return how each column of times is written."""
        return {
            column: kind
            + (", those without a zone read as UTC" if column in self._zoneless else "")
            + (f", {DAYS_ALONE}" if column in self._days_alone else "")
            + self._hours[column].describe()
            for column, kind in self._times.items()
        }

    def numbers(self, column: str, cells: Sequence[Cell], refusals: Refusals) -> FloatColumn:
        """Return numbers with a decimal point, or none, and nothing else about them.

        Raises:
            NotPlainError: one is not written so.
        """
        del refusals
        text = as_one_text(cells)
        if text == "":
            return np.full(len(cells), math.nan)
        if self._known(column).percent:
            raise NotPlainError(column)
        if text is None:
            return _known_numbers(cells)
        # `float` takes 1_000 and digits of other scripts too.
        if not text.isascii() or "_" in text:
            raise NotPlainError(column)
        written = cast("Sequence[str]", cells)
        values = _floats(column, written)
        beyond = values.size - int(np.count_nonzero(np.abs(values) <= MAX_MAGNITUDE))
        if beyond and beyond > written.count(""):
            raise NotPlainError(column)
        if "." in text and column not in self._proved:
            self._look_for_proof(column, written)
        return values

    def _look_for_proof(self, column: str, written: Sequence[str]) -> None:
        """Look for a number whose point can stand before nothing but decimals."""
        known = self._known(column).decimal
        if known == ",":
            raise NotPlainError(column)
        if known:
            self._proved.add(column)
            return
        for cell in written:
            if _GROUPED_OR_NOT.fullmatch(cell):
                self._open.add(column)
            elif "." in cell or (cell and not _GROUPED.fullmatch(cell)):
                self._proved.add(column)
                return

    def times_ms(self, column: str, cells: Sequence[Cell], refusals: Refusals) -> IndexColumn:
        """Return times that count seconds or smaller units of 1990 to 2100, or are written in ISO 8601.

        Raises:
            NotPlainError: one is not written so, or not as those before it.
        """
        del refusals
        text = as_one_text(cells)
        if text == "":
            return np.full(len(cells), NOT_GIVEN)
        if text is None:
            return self._known_times(column, cells)
        written = cast("Sequence[str]", cells)
        if not text.isascii():
            raise NotPlainError(column)
        lengths = set(map(len, written))
        found = self._of_lengths(column, text, written, lengths)
        if self._times[column] == _WRITTEN_OUT:
            self._hours[column].add(cells)
        return found

    def _of_lengths(self, column: str, text: str, written: Sequence[str], lengths: AbstractSet[int]) -> IndexColumn:
        if len(lengths) == 1:
            return self._of_one_length(column, text, len(written))
        if len(lengths) > _MOST_LENGTHS:
            raise NotPlainError(column)
        found = np.full(len(written), NOT_GIVEN)
        length_of = np.fromiter(map(len, written), np.int64, len(written))
        for length in lengths - {0}:
            rows = np.flatnonzero(length_of == length)
            part = "".join([written[row] for row in rows.tolist()])
            found[rows] = self._of_one_length(column, part, rows.size)
        return found

    def _of_one_length(self, column: str, text: str, count: int) -> IndexColumn:
        characters = np.frombuffer(text.encode("ascii"), np.uint8).reshape(count, -1)
        if characters.shape[1] in (10, 13, 16, 19):
            numbers = whole_numbers(characters)
            if numbers is not None:
                return self._counted(column, numbers)
        times = iso_times(characters)
        if times is None:
            raise NotPlainError(column)
        named = self._declared.get(column, Declared()).zone
        if times.zoned and named and not (named == UTC and text.endswith("Z")):
            raise NotPlainError(column)
        if not times.zoned:
            if self._known(column).zone != UTC:
                raise NotPlainError(column)
            self._zoneless.add(column)
            if characters.shape[1] == _DAY:
                self._days_alone.add(column)
        self._of_kind(column, _WRITTEN_OUT)
        return times.times_ms

    def _known_times(self, column: str, cells: Sequence[Cell]) -> IndexColumn:
        """Read times that are numbers already, as JSON and tables have them."""
        if not set(map(type, cells)) <= {int, NoneType}:
            raise NotPlainError(column)
        given = np.array([cell is not None for cell in cells])
        found = np.full(len(cells), NOT_GIVEN)
        if given.any():
            try:
                numbers = np.array([cell for cell in cells if cell is not None], dtype=np.int64)
            except OverflowError:
                raise NotPlainError(column) from None
            found[given] = self._counted(column, numbers)
        return found

    def _counted(self, column: str, numbers: IndexColumn) -> IndexColumn:
        least, most = int(numbers.min()), int(numbers.max())
        known = self._known(column)
        declared = known.unit
        is_unclear = declared is None and counted_elsewhere(least, most) is not None
        is_local = known.counts_locally and known.zone != UTC
        if is_unclear or is_local or self._declared.get(column, Declared()).zone not in (None, UTC):
            raise NotPlainError(column)
        for unit in COUNTED:
            first, last = RANGES[unit]
            if unit is declared or (declared is None and first <= least and most <= last):
                self._of_kind(column, unit.value)
                return numbers * 1000 if unit is Unit.SECONDS else numbers // _PER_MS[unit]
        raise NotPlainError(column)

    def _known(self, column: str) -> Declared:
        return self._declared.get(column, Declared()).under(self._general)

    def _of_kind(self, column: str, kind: str) -> None:
        if self._times.setdefault(column, kind) != kind:
            raise NotPlainError(column)


def _floats(column: str, written: Sequence[str]) -> FloatColumn:
    """Return what Python reads in cells; NaN in empty ones, of which most columns have none."""
    with contextlib.suppress(ValueError):
        return np.fromiter(map(float, written), np.float64, len(written))
    try:
        return np.array([float(cell or math.nan) for cell in written])
    except ValueError:
        raise NotPlainError(column) from None


def _known_numbers(cells: Sequence[Cell]) -> FloatColumn:
    """Read cells that are numbers already, as JSON and tables have them."""
    if not set(map(type, cells)) <= {float, int, NoneType}:
        raise NotPlainError
    try:
        values = np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64)
    except OverflowError:
        raise NotPlainError from None
    if np.any(np.abs(values) > MAX_MAGNITUDE):
        raise NotPlainError
    return values
