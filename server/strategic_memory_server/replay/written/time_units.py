"""What a time that is a number counts, or spells in digits: told from its size."""

from __future__ import annotations

import enum
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from strategic_memory_server.replay.files.date_system import DAYS_FROM_1900_TO_1904
from strategic_memory_server.replay.files.page import Cell

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  what digits spell has the zone of the column


class Unit(enum.Enum):
    """What a number counts or spells, each with what it is called."""

    DAYS = "days of a spreadsheet since 1900"
    DATE = "dates of 8 digits"
    SECONDS = "seconds since 1970"
    MINUTES_SPELT = "times of 12 digits"
    MILLISECONDS = "milliseconds since 1970"
    SECONDS_SPELT = "times of 14 digits"
    MICROSECONDS = "microseconds since 1970"
    MILLISECONDS_SPELT = "times of 17 digits"
    NANOSECONDS = "nanoseconds since 1970"


SPELT = {Unit.DATE: 8, Unit.MINUTES_SPELT: 12, Unit.SECONDS_SPELT: 14, Unit.MILLISECONDS_SPELT: 17}
"""How many digits spell a time, from the year on."""

_SECOND_1990, _SECOND_2100 = 631_152_000, 4_102_444_800

RANGES: dict[Unit, tuple[int, int]] = {
    Unit.DAYS: (32_874, 73_050),
    Unit.SECONDS: (_SECOND_1990, _SECOND_2100),
    Unit.MILLISECONDS: (_SECOND_1990 * 10**3, _SECOND_2100 * 10**3),
    Unit.MICROSECONDS: (_SECOND_1990 * 10**6, _SECOND_2100 * 10**6),
    Unit.NANOSECONDS: (_SECOND_1990 * 10**9, _SECOND_2100 * 10**9),
    **{unit: (1990_01_01 * 10 ** (digits - 8), 2100_01_01 * 10 ** (digits - 8)) for unit, digits in SPELT.items()},
}
"""The numbers of each unit from 1990 to 2100; no number is in two of them."""

_PER_SECOND = {Unit.SECONDS: 1, Unit.MILLISECONDS: 10**3, Unit.MICROSECONDS: 10**6, Unit.NANOSECONDS: 10**9}
COUNTED = tuple(_PER_SECOND)
"""Units that count from 1970."""

_BY_SIZE = ((1e11, Unit.SECONDS), (1e14, Unit.MILLISECONDS), (1e17, Unit.MICROSECONDS), (math.inf, Unit.NANOSECONDS))
_FOUR_YEARS_S = 4 * 365 * 86_400
_SECOND_1601, _SECOND_2000, _SECOND_2001 = -11_644_473_600, 946_684_800, 978_307_200
_FOREIGN = (
    ("ticks of .NET since the year 1", 10**7, -62_135_596_800),
    ("FILETIME of Windows", 10**7, _SECOND_1601),
    ("microseconds since 1601, as WebKit counts", 10**6, _SECOND_1601),
    ("microseconds since 2000, as PostgreSQL counts", 10**6, _SECOND_2000),
    *((f"{unit.name.lower()} since 2001, as Apple counts", each, _SECOND_2001) for unit, each in _PER_SECOND.items()),
)
"""What numbers count elsewhere: in words, how many of it are a second, and when it is 0, seconds since 1970."""

_DAY_MS = 86_400_000
_DAYS_1970 = 25_569
"""What a spreadsheet that counts from 1900 calls 1970-01-01."""

EXACT_DECIMALS = 9
"""Days with fewer decimals tell no more than seconds."""


def unit_by_size(number: float) -> Unit:
    """Return the unit of a number that is beyond 1990 to 2100 in each of them."""
    return next(unit for most, unit in _BY_SIZE if abs(number) < most)


def counted_elsewhere(least: float, most: float) -> tuple[str, datetime] | None:
    """Return what else numbers can count, and the time of the least by it: all are from 1990 to tomorrow; or None."""
    tomorrow = time.time() + 86_400
    for words, per_second, zero in _FOREIGN:
        first, last = least / per_second + zero, most / per_second + zero
        # Soon after its 0 a count is the larger unit of another.
        if max(_SECOND_1990, zero + _FOUR_YEARS_S) <= first and last <= tomorrow:
            return words, datetime.fromtimestamp(round(first), UTC)
    return None


def counted_ms(number: float, unit: Unit) -> int:
    """Return the time that a number counts, milliseconds since 1970 UTC; whole parts of smaller ones are cut off.

    Args:
        number: the count; whole numbers as int, for floats do not hold all nanoseconds.
        unit: one that counts from 1970.
    """
    per_second = _PER_SECOND[unit]
    if isinstance(number, int):
        return number * 1000 // per_second
    return round(number * 1000) if per_second == 1 else math.floor(number * 1000 / per_second)


def time_of_days(number: float, decimals: int) -> datetime:
    """Return the local time that a spreadsheet's number of days says.

    Args:
        number: days, and parts of one.
        decimals: decimals of the most exact number of its column.
    """
    milliseconds = round((number - _DAYS_1970) * _DAY_MS)
    if decimals < EXACT_DECIMALS:
        milliseconds = round(milliseconds / 1000) * 1000
    return _EPOCH + timedelta(milliseconds=milliseconds)


def days_since_1900(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells of a workbook that counts its days from 1904 as one that counts from 1900 has them."""
    first, last = (each - DAYS_FROM_1900_TO_1904 for each in RANGES[Unit.DAYS])
    return [
        cell + DAYS_FROM_1900_TO_1904 if isinstance(cell, int | float) and first <= cell <= last else cell
        for cell in cells
    ]


def spelt_time(digits: str) -> datetime:
    """Return the time that digits spell, without a zone.

    Raises:
        ValueError: there is no such time.
    """
    whole = digits.ljust(17, "0")
    month, day = int(whole[4:6]), int(whole[6:8])
    hour, minute, second = int(whole[8:10]), int(whole[10:12]), int(whole[12:14])
    return datetime(int(whole[:4]), month, day, hour, minute, second, int(whole[14:]) * 1000)  # noqa: DTZ001
