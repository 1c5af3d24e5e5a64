"""Axes: where a value stands on a plot, and which values are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.memory.shown_time import moment, shown_time

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_STEPS_MS = (
    *(_SECOND * count for count in (1, 2, 5, 15, 30)),
    *(_MINUTE * count for count in (1, 2, 5, 15, 30)),
    *(_HOUR * count for count in (1, 3, 6, 12)),
    *(_DAY * count for count in (1, 2, 7, 14)),
)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400, 6_000, 12_000)
_MONTH_MS = 30.44 * _DAY
_MOST_TIME_TICKS = 8


@dataclass(frozen=True, slots=True)
class Axis:
    """A straight axis from the value `low` at the place `start` to the value `high` at the place `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, values: FloatColumn | IndexColumn) -> FloatColumn:
        """Return the places of some values."""
        span = self.high - self.low
        above = np.subtract(values, self.low, dtype=np.float64)
        share = above / span if span > 0.0 else np.full_like(above, 0.5)
        places: FloatColumn = self.start + share * (self.end - self.start)
        return places

    def one(self, value: float) -> float:
        """Return the place of one value."""
        return float(self.at(np.array([value]))[0])


def number_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers within a range, about so many."""
    span = high - low
    if not span > 0.0 or not math.isfinite(span):
        return [low]
    rough = span / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [count * step for count in range(first, last + 1)]


def shown_number(value: float) -> str:
    """Write a number with as many digits as tell something."""
    if value == 0.0:
        return "0"
    if 1e-4 <= abs(value) < 1e7:
        return f"{value:,.4g}" if abs(value) < 1000.0 else f"{value:,.0f}"
    return f"{value:.3g}"


def time_ticks(low_ms: float, high_ms: float) -> list[tuple[float, str]]:
    """Return round times within a range, with what to write beside each."""
    for step in _STEPS_MS:
        if (high_ms - low_ms) / step <= _MOST_TIME_TICKS:
            pattern = "%H:%M:%S" if step < _MINUTE else "%m-%d %H:%M" if step < _DAY else "%Y-%m-%d"
            first = math.ceil(low_ms / step) * step
            times = [first + count * step for count in range(int((high_ms - first) // step) + 1)]
            # Within one step nothing is round; then the beginning has to do.
            return [(float(time), moment(time).strftime(pattern)) for time in times] or [
                (float(low_ms), shown_time(low_ms))
            ]
    months = next((step for step in _MONTHS if (high_ms - low_ms) / (_MONTH_MS * step) <= _MOST_TIME_TICKS), 12_000)
    return list(_month_ticks(low_ms, high_ms, months))


def _month_ticks(low_ms: float, high_ms: float, months: int) -> Iterator[tuple[float, str]]:
    begin = moment(low_ms)
    count = -(-(begin.year * 12 + begin.month - 1) // months) * months
    while count // 12 <= 9999:
        at = datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC) if count >= 12 else begin
        at_ms = at.timestamp() * 1000.0
        if at_ms > high_ms:
            return
        if at_ms >= low_ms:
            yield at_ms, f"{at.year}" if months % 12 == 0 else f"{at.year}-{at.month:02d}"
        count += months
