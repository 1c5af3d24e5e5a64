"""Times of ISO 8601 all of one length, read by columns of their characters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import IndexColumn

_DATE, _MINUTES, _SECONDS = 10, 16, 19
_Characters = NDArray[np.uint8]


class IsoTimes(NamedTuple):
    """Times read from a column.

    Attributes:
        times_ms: milliseconds since 1970-01-01 UTC; without a zone as if it were UTC.
        zoned: whether each names its zone.
    """

    times_ms: IndexColumn
    zoned: bool


def iso_times(characters: _Characters) -> IsoTimes | None:
    """Read `2024-01-05`, `2024-01-05 09:30`, with seconds, their parts and Z or an offset behind; None for others.

    Args:
        characters: shape (times, characters of each), in ASCII.
    """
    zone = _zone_characters(characters)
    offset_ms = _offset_ms(characters[:, characters.shape[1] - zone :])
    local = _local_ms(characters[:, : characters.shape[1] - zone])
    if offset_ms is None or local is None:
        return None
    return IsoTimes(local - offset_ms, zone > 0)


def _zone_characters(characters: _Characters) -> int:
    """Return how many characters the zone of the first time has."""
    first = characters[0].tobytes()
    if first[-1:] == b"Z":
        return 1
    return len(b"+00:00") if len(first) > _MINUTES and first[-6:-5] in b"+-" and first[-3:-2] == b":" else 0


def _offset_ms(zone: _Characters) -> IndexColumn | None:
    if zone.shape[1] <= 1:
        return np.zeros(len(zone), dtype=np.int64) if np.all(zone == ord("Z")) else None
    hours, minutes = whole_numbers(zone[:, 1:3]), whole_numbers(zone[:, 4:6])
    sign = zone[:, 0]
    if (
        hours is None
        or minutes is None
        or not np.all((sign == ord("+")) | (sign == ord("-")))
        or not np.all(zone[:, 3] == ord(":"))
        or hours.max() > 23
        or minutes.max() > 59
    ):
        return None
    offset_ms: IndexColumn = np.where(sign == ord("-"), -1, 1) * (hours * 60 + minutes) * 60_000
    return offset_ms


def _local_ms(characters: _Characters) -> IndexColumn | None:
    length = characters.shape[1]
    if length not in (_DATE, _MINUTES, _SECONDS) and not _SECONDS + 1 < length <= _SECONDS + 10:
        return None
    days = _days(characters)
    if days is None or length == _DATE:
        return None if days is None else days * 86_400_000
    between = characters[:, 10]
    if not np.all(between == between[0]) or chr(between[0]) not in "T ":
        return None
    milliseconds = days * 86_400_000
    for place, unit_ms, most in ((11, 3_600_000, 23), (14, 60_000, 59), (17, 1_000, 59)):
        if place < length:
            number = whole_numbers(characters[:, place : place + 2])
            if (
                number is None
                or number.max() > most
                or (place > 11 and not np.all(characters[:, place - 1] == ord(":")))
            ):
                return None
            milliseconds += number * unit_ms
    if length > _SECONDS:
        parts = whole_numbers(characters[:, 20:])
        if parts is None or not np.all(characters[:, 19] == ord(".")):
            return None
        milliseconds += parts * 1_000 // 10 ** (length - 20)
    return milliseconds


def _days(characters: _Characters) -> IndexColumn | None:
    """Return the days since 1970; None where one is no day."""
    year, month, day = (
        whole_numbers(characters[:, :4]),
        whole_numbers(characters[:, 5:7]),
        whole_numbers(characters[:, 8:10]),
    )
    if year is None or month is None or day is None or not np.all(characters[:, (4, 7)] == ord("-")):
        return None
    if month.min() < 1 or month.max() > 12 or day.min() < 1 or year.min() < 1:
        return None
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return None if np.any(day > after - first) else first + day - 1


def whole_numbers(digits: _Characters) -> IndexColumn | None:
    """Return the numbers that digits of one length are, at most 18 of them; None where one is no digit."""
    values = digits - np.uint8(ord("0"))
    if np.any(values > 9):
        return None
    number: IndexColumn = np.zeros(len(values), dtype=np.int64)
    for place in range(values.shape[1]):
        number = number * 10 + values[:, place]
    return number
