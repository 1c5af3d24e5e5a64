"""Dates and times of day that stand in two columns, put together."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.formats.cells import text_of
from strategic_memory_server.replay.formats.format import plain_name
from strategic_memory_server.replay.formats.name_says import without_zone
from strategic_memory_server.replay.written.number_parts import plain_signs
from strategic_memory_server.replay.written.time_text import time_parts
from strategic_memory_server.replay.written.time_units import RANGES, Unit, time_of_days

_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(?![0-9/-]).*")
_DIGITS = re.compile(r"(?:[01]?[0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?")
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?\Z")
_LONGEST_CLOCK = len("09:30:00.123456")
_SHEET_DAY = re.compile(r"([0-9]{5})(?:\.0+)?")
_FIRST_DAY, _LAST_DAY = RANGES[Unit.DAYS]
_DAY_S = 86_400


class DateAndTime(NamedTuple):
    """Two columns of one time.

    Attributes:
        date: the column of its day.
        clock: the column of its time of day.
        by_clock: whether that one would be read by itself, if it held whole times.
    """

    date: str
    clock: str
    by_clock: bool

    def joined(self, columns: Mapping[str, Sequence[Cell]]) -> list[Cell]:
        """Return the times of some rows; a day without a time of day is made what no time is read from."""
        clocks = columns[self.clock]
        if self.by_clock and all(isinstance(cell, str) and len(cell) > _LONGEST_CLOCK for cell in clocks):
            return list(clocks)
        pairs = zip(columns[self.date], columns[self.clock], strict=True)
        return [_joined(date, clock, by_clock=self.by_clock) for date, clock in pairs]


def in_two_columns(column: str, columns: Collection[str], taken: Collection[str]) -> DateAndTime | None:
    """Return the two columns of a time of which one is known; None where there is no other.

    Args:
        column: the one.
        columns: all columns of the table.
        taken: those that hold something else.
    """
    name = plain_name(without_zone(column)[0])
    is_date = "date" in name
    if is_date == ("time" in name):
        return None
    wanted = [name.replace("time", "date"), "date", "tradedate", "day"]
    if is_date:
        wanted = [name.replace("date", "time"), name.replace("date", "hour"), *(["opentime"] if name == "date" else [])]
    free = {plain_name(without_zone(each)[0]): each for each in columns if each not in taken}
    other = next((free[each] for each in wanted if each in free), None)
    if other is None:
        return None
    return DateAndTime(column, other, by_clock=False) if is_date else DateAndTime(other, column, by_clock=True)


def _joined(date: Cell, clock: Cell, *, by_clock: bool) -> Cell:
    day, time = _day(text_of(date)), text_of(clock)
    if not time:
        return f"{day} without a time" if day and ":" not in day else day
    if _DIGITS.fullmatch(time):
        time = time.zfill(4 if len(time) <= 4 else 6)
    elif (seconds := _part_of_a_day(time)) is not None:
        time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    elif not _CLOCK.fullmatch(time) and (by_clock or time_parts(plain_signs(time))):
        return clock
    return day if ":" in day and time in day else f"{day} {time}".strip()


def _day(text: str) -> str:
    """Return a day without the midnight that a program has put behind it, and one of a spreadsheet as ISO 8601."""
    number = _SHEET_DAY.fullmatch(text)
    if number and _FIRST_DAY <= int(number[1]) <= _LAST_DAY:
        return time_of_days(int(number[1]), 0).date().isoformat()
    return _MIDNIGHT.sub("", text)


def _part_of_a_day(text: str) -> int | None:
    """Return the seconds of a spreadsheet's time of day; None where a text is none."""
    try:
        part = float(text)
    except ValueError:
        return None
    return round(part * _DAY_S) if 0.0 <= part < 1.0 and "." in text else None
