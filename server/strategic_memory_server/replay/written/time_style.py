"""TimeStyle: one way of writing times, and what a time says that is written so."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from strategic_memory_server.columns.stream_position import MAX_TIME_MS, MIN_TIME_MS
from strategic_memory_server.entries.entry_fields import RejectionError
from strategic_memory_server.replay.files.cell_columns import NOTHING
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.number_parts import plain_signs
from strategic_memory_server.replay.written.time_text import TimeParts, iso_time, time_parts
from strategic_memory_server.replay.written.time_units import SPELT, Unit, counted_ms, spelt_time, time_of_days
from strategic_memory_server.replay.written.zones import AbbreviationError, abbreviated, in_zone, written_zone

NOT_GIVEN = -(1 << 62)
"""In place of a time, milliseconds, where there is none."""

_EXPONENT = re.compile(r"[+-]?([0-9]+)(?:[.,]([0-9]*))?[eE]\+?([0-9]{1,2})")
"""How programs write long numbers, and what a spreadsheet leaves of them."""

_OF_SECONDS, _OF_BARS = 10, 8
"""So many digits tell the second of a time of today, and the time of a bar of some minutes, wherever it ends in 0."""

_ENDS_IN_0 = 16
"""From this exponent on Python leaves out the zeros at the end of a number that has all its digits."""

_COUNT = re.compile(r"[+-]?[0-9]{1,40}(?:[.,][0-9]{0,40})?(?:[eE]\+?[0-9]{1,2})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = _EPOCH.replace(tzinfo=None)
DAYS_ALONE = "days without an hour as their midnight"
ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
"""Orders of the numbers of a date, in words."""


def count_of(cell: Cell) -> int | float | None:
    """Return the number that a time is; None where it is written out, or not there. Whole numbers are int."""
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int):
        return cell
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else cell if math.isfinite(cell) else None
    text = cell.strip().removeprefix("'")
    if not _COUNT.fullmatch(text):
        return None
    try:
        return int(text)
    except ValueError:
        value = float(text.replace(",", "."))
        return int(value) if value.is_integer() else value


def has_lost_digits(cell: Cell) -> bool | None:
    """Tell whether a number with an exponent has too few digits to tell a time; None for what has no exponent."""
    if not isinstance(cell, str) or ("e" not in cell and "E" not in cell):
        return None
    found = _EXPONENT.fullmatch(cell.strip())
    return found and len(found[1] + (found[2] or "")) < (_OF_BARS if int(found[3]) >= _ENDS_IN_0 else _OF_SECONDS)


@dataclass(frozen=True, slots=True)
class TimeStyle:
    """How the times of a column are written.

    Attributes:
        unit: what numbers count or spell; None where there are none.
        decimals: decimals of the most exact of them.
        exact: whether one with an exponent has all its digits: the others end in 0.
        order: the order of day, month and year, where that is a question: `dmy`, `mdy`, `ymd`; empty where it is none.
        zone: of times that name none.
        zoneless: whether there are such.
        written: whether some are written out.
        counts_locally: whether those that count from 1970 do so by the clocks of the zone.
        days_alone: whether some are days without an hour.
    """

    unit: Unit | None = None
    decimals: int = 0
    exact: bool = False
    order: str = ""
    zone: tzinfo = UTC
    zoneless: bool = False
    written: bool = True
    counts_locally: bool = False
    days_alone: bool = False

    def describe(self) -> str:
        """Say in words how times are written."""
        counted = self.unit.value if self.unit else ""
        counted += f" by the clocks of {self.zone}" if self.counts_locally and self.zone != UTC else ""
        kinds = [counted, "dates and times" if self.written or not self.unit else ""]
        said = [" and ".join(each for each in kinds if each)]
        if self.order:
            said.append(ORDERS[self.order])
        if self.zoneless:
            said.append(f"those without a zone read as {self.zone}")
        if self.days_alone:
            said.append(DAYS_ALONE)
        return ", ".join(said)

    def read(self, column: str, cell: Cell) -> int:
        """Return the time in a cell, milliseconds since 1970-01-01 UTC; NOT_GIVEN for one that holds none.

        Raises:
            RejectionError: it is none, or not one that is written in this way.
        """
        if isinstance(cell, float) and math.isnan(cell):
            return NOT_GIVEN
        text = "" if cell is None else str(cell)
        count = count_of(cell)
        if count is not None:
            if not self.exact and has_lost_digits(cell):
                raise RejectionError(f"{column}_has_lost_its_digits", text)
            milliseconds = self._counted(column, count, text)
        elif text.strip().lower() in NOTHING:
            return NOT_GIVEN
        else:
            milliseconds = _since_1970(self._written(column, text))
        if not MIN_TIME_MS <= milliseconds <= MAX_TIME_MS:
            raise RejectionError(f"{column}_out_of_range", text)
        return milliseconds

    def _counted(self, column: str, count: float, text: str) -> int:
        unit = self.unit
        try:
            if unit is None:
                raise ValueError(text)
            if unit is Unit.DAYS:
                return _since_1970(in_zone(column, time_of_days(count, self.decimals), self.zone))
            if unit in SPELT:
                digits = str(count)
                if len(digits) != SPELT[unit]:
                    raise ValueError(text)
                return _since_1970(in_zone(column, spelt_time(digits), self.zone))
        except (ValueError, OverflowError):
            raise RejectionError(f"{column}_not_a_time", text) from None
        milliseconds = counted_ms(count, unit)
        if not self.counts_locally:
            return milliseconds
        try:
            return _since_1970(in_zone(column, _LOCAL_EPOCH + timedelta(milliseconds=milliseconds), self.zone))
        except OverflowError:
            raise RejectionError(f"{column}_out_of_range", text) from None

    def _written(self, column: str, text: str) -> datetime:
        parts = time_parts(plain_signs(text))
        try:
            if parts is not None:
                at = parts.at(self.order)
                if not parts.is_of_its_weekday(at):
                    raise RejectionError(f"{column}_on_another_weekday", text)
                return in_zone(column, at, self.zone) if not parts.zone else self._zoned(column, at, parts, text)
        except ValueError:
            # The rarer forms of ISO 8601 are left.
            pass
        other = iso_time(text.strip())
        if other is None:
            raise RejectionError(f"{column}_not_a_time", text)
        return other if other.tzinfo else in_zone(column, other, self.zone)

    def _zoned(self, column: str, at: datetime, parts: TimeParts, text: str) -> datetime:
        try:
            zone = written_zone(parts.zone)
        except AbbreviationError:
            local = abbreviated(at, parts.zone, self.zone)
            if local is None:
                raise RejectionError(f"{column}_of_unclear_zone", text) from None
            return local
        if zone is None:
            raise ValueError(parts.zone)
        return in_zone(column, at, zone)


def _since_1970(at: datetime) -> int:
    apart = at - _EPOCH
    return (apart.days * 86_400 + apart.seconds) * 1000 + apart.microseconds // 1000
