"""Single values of a request as they go on the wire. What does not fit is an InvalidRequestError naming the field."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from numbers import Integral, Real
from typing import TypeVar

from strategic_memory_client.values.errors import FieldViolation, InvalidRequestError

SentT = TypeVar("SentT", bool, str, float, int, datetime, timedelta)
KindT = TypeVar("KindT", bound=StrEnum)

_LARGEST_UINT32 = 2**32 - 1
_LARGEST_INT64 = 2**63 - 1
_LONGEST_AGE = timedelta(seconds=315_576_000_000)


def optional(value: object, path: str) -> float | None:
    """Convert a number that may be None."""
    return None if value is None else single(value, number, path)


def single(value: object, convert: Callable[[object], SentT], path: str) -> SentT:
    """Convert one value; an InvalidRequestError names its path where that fails."""
    try:
        return convert(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise invalid(path, str(error)) from error


def require_kind(value: object, kind: type, path: str) -> None:
    """Raise InvalidRequestError for a value that is no instance of a class of this library, such as a mapping."""
    if not isinstance(value, kind):
        raise invalid(path, f"must be {kind.__name__}(...), is {value!r:.80}")


def member(value: str, kind: type[KindT], path: str) -> KindT:
    """Return a member of an enumeration; an InvalidRequestError names those that there are."""
    try:
        return kind(value)
    except ValueError:
        raise invalid(path, f"must be one of {', '.join(kind)}, is {value!r}") from None


def flag(value: object) -> bool:
    """Return a yes or no."""
    if not isinstance(value, bool):
        raise TypeError(f"must be True or False, is {value!r}")
    return value


def text(value: object) -> str:
    """Return a text that can be sent."""
    if not isinstance(value, str):
        raise TypeError(f"must be a text, is {value!r}")
    value.encode()  # a lone surrogate cannot be sent
    return str(value)


def text_or_empty(value: object) -> str:
    """Return a text, an empty one for what is not known."""
    return "" if is_missing(value) else text(value)


def is_missing(value: object) -> bool:
    """Tell whether a value is one that is not known: None, NaN, NaT or the NA of pandas."""
    if value is None:
        return True
    if isinstance(value, str):
        return False
    if type(value).__name__ in ("NAType", "NaTType"):  # of pandas; NA is neither equal to itself nor not
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError, ArithmeticError):
        return False


def number(value: object) -> float:
    """Return a number as a float."""
    if type(value) is float:  # nearly every value of a long column
        return value
    if isinstance(value, Decimal) and not value.is_snan():
        return float(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        must_be = "must be a number"
        raise TypeError(
            f"{must_be}, is not known: leave the entry out" if is_missing(value) else f"{must_be}, is {value!r}"
        )
    return float(value)


def number_or_nan(value: object) -> float:
    """Return a number as a float, NaN for what is not known."""
    return math.nan if is_missing(value) else number(value)


def row_count(value: object) -> int:
    """Return a count that fits 32 bits."""
    return _whole(value, 0, _LARGEST_UINT32)


def count(value: object) -> int:
    """Return a whole number, not negative, that fits 64 bits."""
    return _whole(value, 0, _LARGEST_INT64)


def milliseconds(value: object) -> int:
    """Return a whole number that fits 64 bits."""
    return _whole(value, -_LARGEST_INT64, _LARGEST_INT64)


def moment(value: object) -> datetime:
    """Return an aware datetime in UTC."""
    if not isinstance(value, datetime):
        raise TypeError(f"must be a datetime, is {value!r}")
    if value.utcoffset() is None:
        raise ValueError(f"must say its timezone, for example datetime(2026, 1, 5, tzinfo=UTC), is {value!r}")
    return value.astimezone(UTC)


def age(value: object) -> timedelta:
    """Return a length of time that the service takes."""
    if not isinstance(value, timedelta):
        raise TypeError(f"must be a timedelta, is {value!r}")
    if not timedelta(milliseconds=1) <= value <= _LONGEST_AGE:
        raise ValueError(f"must be from a millisecond to {_LONGEST_AGE.days} days, is {value!r}")
    return value


def _whole(value: object, lowest: int, highest: int) -> int:
    if not isinstance(value, bool) and isinstance(value, Integral) and lowest <= int(value) <= highest:
        return int(value)
    raise TypeError(f"must be a whole number from {lowest} to {highest}, is {value!r}")


def invalid(path: str, description: str) -> InvalidRequestError:
    """Return the error for one field; it is not raised."""
    violation = FieldViolation(path, description)
    return InvalidRequestError(f"the request is not valid: {path}: {description}", violations=(violation,))
