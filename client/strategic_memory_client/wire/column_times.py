"""Columns of times as milliseconds since 1970-01-01 UTC, however they are given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from strategic_memory_client.wire.given_columns import exact_times_ms, values_of
from strategic_memory_client.wire.request_values import invalid, is_missing, milliseconds, moment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_S, LATEST_S = 631_152_000, 4_102_444_800
"""1990 and 2100: whole numbers that are all times in between in one unit are in that unit."""

_UNITS = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}
"""How many there are in a second."""

_WHOLE = re.compile(r"[+-]?[0-9]+(\.0*)?")
_LARGEST = 2**63 - 1


def times_ms(given: Iterable[object], path: str, unknown: int | None = None) -> list[int]:
    """Return the times of a column.

    Datetimes and ISO 8601 say their time themselves; text without a zone, and a column of times (datetime64) without
    one, is in UTC. Whole numbers are taken all in one unit, by their size: where all lie from 1990 to 2100 as seconds,
    microseconds or nanoseconds they are that, and milliseconds otherwise.

    Args:
        given: the column.
        path: its field.
        unknown: what to send for a time that is not known, as it is itself; None: each has to be known.

    Raises:
        InvalidRequestError: a value is no time, or not known, or the numbers are in several units.
    """
    exact = exact_times_ms(given)
    values = values_of(given, path) if exact is None else exact
    sent: list[int] = []
    bare: list[int] = []
    for index, value in enumerate(values):
        try:
            told = value if type(value) is int and abs(value) <= _LARGEST else _told(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise invalid(f"{path}[{index}]", str(error)) from error
        if told is None:
            if unknown is None:
                raise invalid(f"{path}[{index}]", "is not known: leave the entry out, or the times of all")
            told = unknown
        elif isinstance(told, datetime):
            told = (told - _EPOCH) // timedelta(milliseconds=1)
        elif told != unknown:
            bare.append(index)
        sent.append(told)
    if exact is None and bare:
        _to_milliseconds(sent, bare, path)
    return sent


def _told(value: object) -> datetime | int | None:
    """Return a time as it was told, a moment or a number of some unit; None: not known."""
    if is_missing(value):
        return None
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text):
            return milliseconds(int(text.partition(".")[0]))
        return _of_text(text) if text else None
    if isinstance(value, float) and value.is_integer():  # what whole numbers become where one of them is not known
        return milliseconds(int(value))
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return datetime.combine(value, time.min, UTC)
    if getattr(getattr(value, "dtype", None), "kind", "") == "M":
        return _in_utc(value.astype("datetime64[us]").item())  # type: ignore[attr-defined]  # a datetime64 of numpy
    return milliseconds(value)


def _of_text(text: str) -> datetime:
    try:
        return moment(_in_utc(datetime.fromisoformat(text)))
    except ValueError:
        raise ValueError(
            f"is {text!r:.80}, which is no time: give ISO 8601 such as 2026-01-05T09:30:00Z, or a whole number"
        ) from None


def _in_utc(told: datetime) -> datetime:
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _to_milliseconds(sent: list[int], bare: list[int], path: str) -> None:
    """Bring whole numbers that are times in one other unit to milliseconds, in place."""
    lowest, highest = min(bare, key=sent.__getitem__), max(bare, key=sent.__getitem__)
    unit = _unit_of(sent[lowest])
    if unit is None or unit != _unit_of(sent[highest]):
        _require_one_unit(sent, bare, path)
    elif unit != "milliseconds":
        for index in bare:
            sent[index] = sent[index] * 1_000 // _UNITS[unit]


def _unit_of(number: int) -> str | None:
    """Return the unit in which a number is a time from 1990 to 2100; None: in none."""
    for unit, in_a_second in _UNITS.items():
        if EARLIEST_S * in_a_second <= number < LATEST_S * in_a_second:
            return unit
    return None


def _require_one_unit(sent: list[int], bare: list[int], path: str) -> None:
    first: dict[str, int] = {}
    for index in bare:
        if (unit := _unit_of(sent[index])) is not None:
            first.setdefault(unit, index)
        if len(first) > 1:
            one, other = first
            raise invalid(
                f"{path}[{index}]",
                f"is {sent[index]}, which reads as {other}, and [{first[one]}] is {sent[first[one]]}, which reads as "
                f"{one}: give all in one unit",
            )
