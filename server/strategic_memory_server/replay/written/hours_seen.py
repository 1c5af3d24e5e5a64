"""HoursSeen: whether times that are written out can be those of a clock of twelve hours without AM and PM."""

from __future__ import annotations

import re
from collections.abc import Sequence

from strategic_memory_server.replay.files.page import Cell

_CLOCK = re.compile(r"(?:^|\n)([^\n]*?[0-9])(?:[Tt]| ?[,;] *| +)([0-9]{1,2}):[0-9]{2}")
_HALF = re.compile(r"[0-9] ?[ap]\.?m\b", re.IGNORECASE)
_NOON = 12
_FEWEST_TIMES = 4
_FIRST = 200

MAY_BE_HALVES = "no hour is 0 or above 12: of a clock of 12 hours without AM and PM half of the times would be wrong"


class HoursSeen:
    """Takes the cells of one column of times, page by page."""

    def __init__(self) -> None:
        self._is_whole_day = False
        self._times = 0
        self._hours: set[str] = set()
        self._dates: set[str] = set()

    def add(self, cells: Sequence[Cell]) -> None:
        """Take some cells. Once the hours are those of a whole day, which the first mostly show, it costs nothing."""
        for some in (cells[:_FIRST], cells[_FIRST:]):
            if not self._is_whole_day:
                self._look_at(some)

    def _look_at(self, cells: Sequence[Cell]) -> None:
        text = "\n".join([cell for cell in cells if isinstance(cell, str)])
        found = _CLOCK.findall(text) if ":" in text else []
        self._times += len(found)
        self._dates.update(date for date, _ in found)
        self._hours.update(hour for _, hour in found)
        self._is_whole_day = not all(1 <= int(hour) <= _NOON for hour in self._hours) or bool(_HALF.search(text))

    def describe(self) -> str:
        """Return what is worth saying of them; empty where that is nothing: one hour a day is that of a session."""
        is_open = not self._is_whole_day and self._times >= _FEWEST_TIMES
        return f", {MAY_BE_HALVES}" if is_open and len(self._dates) > 1 and len(self._hours) > 1 else ""
