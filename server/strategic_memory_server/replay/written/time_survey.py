"""TimeSurvey: the way in which a column's times are written, told from all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.number_parts import plain_signs
from strategic_memory_server.replay.written.seen import Seen, UndecidedError
from strategic_memory_server.replay.written.time_style import TimeStyle, count_of, has_lost_digits
from strategic_memory_server.replay.written.time_text import TimeParts, iso_time, time_parts
from strategic_memory_server.replay.written.time_units import (
    COUNTED,
    RANGES,
    SPELT,
    Unit,
    counted_elsewhere,
    counted_ms,
    unit_by_size,
)
from strategic_memory_server.replay.written.zones import AbbreviationError, abbreviated, written_zone

_DATE, _DATE_OF_WEEK = 12, 23
"""The first characters of a time hold all that its date tells, without a day of the week before it and with one."""

_DIGITS = str.maketrans("123456789", "000000000")
_TAKEN_FOR_ITS_OWN = (
    "a spreadsheet that has the month first takes 05/06/2024 for the 6th of May and leaves 13/06/2024 as it is; read "
    "the original anew with the right dates, or write all rows in one way, 2024-06-05 for example"
)
_ALWAYS_DAY_FIRST = "."
"""Nobody writes the month first between dots."""


def _other_zone(zone: tzinfo) -> str:
    return f"is not of the zone that the name of its column says, {zone}: give the column a name without a zone"


class TimeSurvey:
    """Takes the cells of one column, page by page.

    Args:
        unit: what its numbers count, where that is known.
        order: `dmy`, `mdy` or `ymd`, where that is known.
        zone: of times that name none.
        names_zone: whether the name of the column says that zone.
        counts_locally: whether times that count from 1970 do so by the clocks of the zone.
    """

    def __init__(
        self,
        unit: Unit | None = None,
        order: str = "",
        zone: tzinfo = UTC,
        *,
        names_zone: bool = False,
        counts_locally: bool = False,
    ) -> None:
        self._unit, self._order, self._zone, self._names_zone = unit, order, zone, names_zone
        self._counts_locally = counts_locally
        self._known_shapes: set[str] = set()
        self._known_dates: set[str] = set()
        self._first: dict[Unit | None, Seen] = {}
        self._beyond_size = 0.0
        self._least, self._most = math.inf, -math.inf
        self._earliest: Seen | None = None
        self._decimals = 0
        self._lost: dict[bool | None, Seen] = {}
        self._written: Seen | None = None
        self._zoneless = self._days_alone = False
        self._asked: Seen | None = None
        self._proved: dict[str, Seen] = {}
        self._separators: dict[str, Seen] = {}
        self._halves: dict[bool, Seen] = {}
        self._sure: Seen | None = None
        self._short: Seen | None = None

    def add(self, cells: Sequence[Cell], lines: Sequence[int]) -> None:
        """Take some cells, each with its line."""
        for place, cell in enumerate(cells):
            # A shape and a date that were taken before tell no more.
            known = ("", "")
            if isinstance(cell, str):
                known = cell.translate(_DIGITS), cell[: _DATE_OF_WEEK if cell[:1].isalpha() else _DATE]
            if known[0] in self._known_shapes and known[1] in self._known_dates:
                continue
            count = count_of(cell)
            if count is not None:
                self._take_count(count, cell, lines[place])
            elif isinstance(cell, str) and cell and self._take_text(cell, lines[place]) and not self._names_zone:
                self._known_shapes.add(known[0])
                self._known_dates.add(known[1])

    def _take_count(self, count: float, cell: Cell, line: int) -> None:
        unit = next((unit for unit, (first, last) in RANGES.items() if first <= count <= last), None)
        is_lost = has_lost_digits(cell)
        if unit not in self._first or is_lost not in self._lost:
            seen = Seen(line, str(cell))
            self._first.setdefault(unit, seen)
            self._lost.setdefault(is_lost, seen)
        if unit is None:
            self._beyond_size = max(self._beyond_size, abs(count))
            return
        self._most = max(self._most, count)
        if count < self._least:
            self._least, self._earliest = count, Seen(line, str(cell))
        if unit is Unit.DAYS and isinstance(count, float):
            self._decimals = max(self._decimals, len(str(count).partition(".")[2]))

    def _take_text(self, cell: str, line: int) -> bool:
        """Take a time that is written out; False where it is none."""
        parts = time_parts(plain_signs(cell))
        if parts is None:
            other = iso_time(cell.strip())
            if other is not None:
                self._written = self._written or Seen(line, cell)
                self._zoneless = self._zoneless or other.tzinfo is None
            return other is not None
        seen = Seen(line, cell)
        if parts.zone:
            try:
                zone = written_zone(parts.zone)
            except AbbreviationError:
                self._require_known(parts, seen)
            else:
                if zone is None:
                    return False
                self._require_same(parts, zone, seen)
        else:
            self._zoneless = True
        self._written = self._written or seen
        if parts.half is None:
            self._days_alone = True
        else:
            self._halves.setdefault(parts.half, seen)
        if parts.two_digits:
            self._short = self._short or seen
        if parts.is_sure:
            self._sure = self._sure or seen
        else:
            self._take_order(parts, seen)
        return True

    def _require_known(self, parts: TimeParts, seen: Seen) -> None:
        """Refuse a zone that stands for several."""
        try:
            if abbreviated(parts.at(self._order or "dmy"), parts.zone, self._zone) is not None:
                return
        except ValueError:
            return
        raise UndecidedError(
            [seen],
            f"names a zone by {parts.zone}, and these letters stand for several: say which, --zone America/New_York "
            "or another, or write offsets, +01:00",
        )

    def _require_same(self, parts: TimeParts, zone: tzinfo, seen: Seen) -> None:
        """Refuse a zone beside a time that is not the one which the name of the column says."""
        at = parts.supposed()
        if self._names_zone and at and at.replace(tzinfo=zone).utcoffset() != at.replace(tzinfo=self._zone).utcoffset():
            raise UndecidedError([seen], _other_zone(self._zone))

    def _take_order(self, parts: TimeParts, seen: Seen) -> None:
        one, two, _ = parts.date
        self._separators.setdefault(parts.separator, seen)
        orders = parts.orders()
        if len(orders) == 1:
            self._proved.setdefault(orders[0], seen)
        elif one != two and orders:
            self._asked = self._asked or seen

    @property
    def proved_order(self) -> str:
        """The order that some date proves; empty where none does, or two prove two."""
        return next(iter(self._proved)) if len(self._proved) == 1 else ""

    def require_one_way_with(self, other: TimeSurvey) -> None:
        """Refuse dates whose order is a question beside others: of this column, or of another of the same table.

        Raises:
            UndecidedError: there are some.
        """
        sure = self._sure or other._sure
        ways = [*([sure] if sure else []), *{**other._separators, **self._separators}.values()]
        if len(ways) > 1 and (self._separators or other._separators):
            raise UndecidedError(ways[:2], f"are dates that are written in two ways: {_TAKEN_FOR_ITS_OWN}")

    def style(self, supposed_order: str = "") -> TimeStyle:
        """Return the way in which they are written.

        Args:
            supposed_order: the order where no date here proves one; empty: refuse what could be another.

        Raises:
            UndecidedError: they are written in two ways, or can be read in two.
        """
        unit = self._unit or self._decided_unit()
        if unit is Unit.DAYS and self._written:
            raise UndecidedError([self._written, self._first[unit]], f"are a date and a number: {_TAKEN_FOR_ITS_OWN}")
        self.require_one_way_with(self)
        if self._names_zone and unit in COUNTED and self._zone.utcoffset(None) != timedelta(0):
            raise UndecidedError(
                list(self._first.values())[:1], f"counts from 1970 in UTC, and {_other_zone(self._zone)}"
            )
        if len(self._halves) > 1:
            raise UndecidedError(
                [self._halves[False], self._halves[True]],
                "are times without AM or PM and with it: write one of them in all rows, or hours to 24",
            )
        if set(self._lost) == {True} and not self._written:
            raise UndecidedError(
                [self._lost[True]],
                "has lost its digits: it can be any time of some hours; write whole numbers, or ISO 8601",
            )
        if unit and not self._unit:
            self._require_since_1970(unit)
        local = unit in SPELT or unit is Unit.DAYS
        order = self._decided_order(supposed_order)
        zoneless = self._zoneless or local
        exact = False in self._lost
        written = self._written is not None
        counts_locally = self._counts_locally and unit in COUNTED
        days_alone = self._days_alone or unit is Unit.DATE
        return TimeStyle(unit, self._decimals, exact, order, self._zone, zoneless, written, counts_locally, days_alone)

    def _require_since_1970(self, unit: Unit) -> None:
        """Refuse counts that would all be early, and of this very time if they counted something else."""
        if unit not in COUNTED or self._earliest is None:
            return
        other = counted_elsewhere(self._least, self._most)
        if other is None:
            return
        words, at = other
        since_1970 = datetime(1970, 1, 1) + timedelta(milliseconds=counted_ms(self._least, unit))  # noqa: DTZ001  the day is told alone
        raise UndecidedError(
            [self._earliest],
            f"would read as {since_1970:%Y-%m-%d} in {unit.value}, and is {at:%Y-%m-%d} in {words}: write ISO 8601, or "
            "seconds or milliseconds since 1970",
        )

    def _decided_unit(self) -> Unit | None:
        several = [unit for unit in self._first if unit]
        if len(several) > 1:
            raise UndecidedError(
                [self._first[unit] for unit in several[:2]],
                f"are {several[0].value} and {several[1].value}: write all rows in one unit",
            )
        if several:
            return several[0]
        return unit_by_size(self._beyond_size) if None in self._first else None

    def _decided_order(self, supposed: str) -> str:
        if self._short and not self._order:
            raise UndecidedError(
                [self._short],
                "has a year of two digits: write it in full, or say what comes first, --dates day-first, month-first "
                "or year-first",
            )
        if self._order and (self._separators or self._short):
            return self._order
        if len(self._proved) > 1:
            raise UndecidedError(
                list(self._proved.values()),
                "have the day first and the month first: write all rows in one way, 2024-01-31 for example",
            )
        if self._proved:
            return next(iter(self._proved))
        if supposed:
            return supposed if self._separators else ""
        if self._asked and set(self._separators) != {_ALWAYS_DAY_FIRST}:
            raise UndecidedError(
                [self._asked],
                "has the day first or the month first, and no other row tells which: say --dates day-first or --dates "
                "month-first",
            )
        return "dmy" if self._separators else ""
