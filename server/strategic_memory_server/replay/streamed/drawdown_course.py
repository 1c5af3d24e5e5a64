"""The maximum drawdown of pnl that is read once, as `figures.drawdown` defines it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.drawdown import REGAINED, Drawdown


class _Moment(NamedTuple):
    """A place of the cumulative pnl, of which place 0 is before the first trade, and the time of the trade there."""

    place: int
    time_ms: int


class DrawdownCourse:
    """Follows the cumulative pnl and keeps its deepest fall so far. One trade at least."""

    def __init__(self) -> None:
        self._trades = 0
        self._cumulative = 0.0
        self._highest = 0.0
        self._high: _Moment | None = None
        self._newest_ms = 0
        self._depth = 0.0
        self._peak_value = 0.0
        self._peak = self._trough = _Moment(0, 0)
        self._recovered: _Moment | None = None

    def add(self, pnl: FloatColumn, time_ms: IndexColumn) -> None:
        """Take in the next trades."""
        if not pnl.size:
            return
        if self._high is None:
            self._high = _Moment(0, int(time_ms[0]))
        cumulative = np.concatenate(([self._cumulative], pnl)).cumsum()[1:]
        highest = np.maximum.accumulate(np.concatenate(([self._highest], cumulative)))[1:]
        below = highest - cumulative
        start = 0
        deepest = int(np.argmax(below))
        if below[deepest] > self._depth:
            self._fall_to(deepest, below, highest, time_ms)
            start = deepest
        if self._depth and self._recovered is None:
            regained = np.flatnonzero(cumulative[start:] >= self._peak_value - REGAINED * self._depth)
            if regained.size:
                self._recovered = self._moment(start + int(regained[0]), time_ms)
        highs = np.flatnonzero(below == 0.0)
        if highs.size:
            self._high = self._moment(int(highs[-1]), time_ms)
        self._cumulative, self._highest = float(cumulative[-1]), float(highest[-1])
        self._trades += pnl.size
        self._newest_ms = int(time_ms[-1])

    def found(self) -> Drawdown:
        """Give the deepest fall."""
        if self._depth == 0.0:
            return Drawdown(0.0, 0, 0, 0, 0, recovered=True)
        end = self._recovered or _Moment(self._trades, self._newest_ms)
        return Drawdown(
            depth=self._depth,
            fall_trades=self._trough.place - self._peak.place,
            fall_ms=self._trough.time_ms - self._peak.time_ms,
            length_trades=end.place - self._peak.place,
            length_ms=end.time_ms - self._peak.time_ms,
            recovered=self._recovered is not None,
        )

    def _fall_to(self, place: int, below: FloatColumn, highest: FloatColumn, time_ms: IndexColumn) -> None:
        self._depth, self._peak_value = float(below[place]), float(highest[place])
        self._trough, self._recovered = self._moment(place, time_ms), None
        highs = np.flatnonzero(below[:place] == 0.0)
        if highs.size:
            self._peak = self._moment(int(highs[-1]), time_ms)
        elif self._high is not None:
            self._peak = self._high

    def _moment(self, place: int, time_ms: IndexColumn) -> _Moment:
        return _Moment(self._trades + place + 1, int(time_ms[place]))
