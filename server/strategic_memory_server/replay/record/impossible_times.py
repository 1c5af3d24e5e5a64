"""Times that nobody means: counts of days or bars, or digits run together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.memory.shown_time import moment
from strategic_memory_server.replay.files.cell_columns import Mask
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.seen import named, shown
from strategic_memory_server.replay.written.time_style import count_of
from strategic_memory_server.replay.written.time_units import counted_elsewhere

_BARS = 10_000_000
"""Whole numbers below it that are to be times are numbers of bars: as seconds they would be days of 1970."""


class ImpossibleTimes(NamedTuple):
    """Times of a page that are read as ones that cannot be meant.

    Attributes:
        column: our name of their column.
        rows: how many there are.
        line: line of the first.
        cell: what stands there.
        time_ms: what it reads as, milliseconds since 1970 UTC.
        are_bars: whether all could be numbers of bars.
    """

    column: str
    rows: int
    line: int
    cell: Cell
    time_ms: int
    are_bars: bool


def impossible_times(
    column: str, cells: Sequence[Cell], lines: Sequence[int], times_ms: IndexColumn, outside: Mask
) -> ImpossibleTimes | None:
    """Return the times at which the mask is true; None where it is true of none."""
    rows = np.flatnonzero(outside).tolist()
    if not rows:
        return None
    first = rows[0]
    counts = (count_of(cells[row]) for row in rows)
    bars = all(isinstance(count, int) and 0 <= count < _BARS for count in counts)
    return ImpossibleTimes(column, len(rows), lines[first], cells[first], int(times_ms[first]), bars)


def require_possible(called: str, found: Sequence[ImpossibleTimes], theirs: Mapping[str, str]) -> None:
    """Refuse a table with times that nobody means.

    Args:
        called: what a message calls the table.
        found: such times in it.
        theirs: what they are called in the table, by our names.

    Raises:
        ReplayError: it has some; the message says what the first would read as, and what to do.
    """
    if not found:
        return
    first = found[0]
    of_column = [each for each in found if each.column == first.column]
    rows = sum(each.rows for each in of_column)
    asked = "Is it another column, or another unit?"
    if all(each.are_bars for each in of_column):
        asked = "Numbers of bars are no times."
    elif (count := count_of(first.cell)) is not None and (other := counted_elsewhere(count, count)):
        asked = f"In {other[0]} it is {other[1]:%Y-%m-%d}."
    read_as = moment(first.time_ms).isoformat(" ", "seconds")
    raise ReplayError(
        f"{called}: {rows:,} rows have a time in {named(first.column, theirs)} before 1990 or after tomorrow; the "
        f"first, {shown(first.cell)} (line {first.line}), would read as {read_as}. {asked} Map the one that has the "
        f"times, --map {first.column}=<column>, or write ISO 8601, or seconds or milliseconds since 1970"
    )


def require_since(called: str, year: int, pages: Sequence[IndexColumn]) -> None:
    """Refuse a table of a tool with times from before there was any: its dates are written in another order.

    Args:
        called: what a message calls the table.
        year: the first year of which there can be rows.
        pages: times of rows, milliseconds since 1970 UTC.

    Raises:
        ReplayError: it has some.
    """
    first = min((int(times.min()) for times in pages if times.size), default=None)
    if year and first is not None and moment(first).year < year:
        raise ReplayError(
            f"{called}: the first of its times reads as {moment(first).isoformat(' ', 'seconds')}, and there can be "
            f"none before {year}: are its dates written in another order? Write the years in full"
        )
