"""Checks a value and writes it as the service reads it, or says which argument is wrong and what would be right."""

from __future__ import annotations

import math
import numbers
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol, SupportsFloat, runtime_checkable

from strategic_memory_producer.errors import EntryRefusedError

MAX_MAGNITUDE = 1e15
"""Largest absolute value that the service takes for a number."""

MAX_NAME_LENGTH = 64
"""Longest name, in characters."""

POLICIES = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LEEWAY = timedelta(days=1)
"""How far a time may be after the clock of this machine."""

_SHOWN_LENGTH = 60


@runtime_checkable
class _Scalar(Protocol):
    """A scalar of numpy, or an array or tensor of one value."""

    def item(self) -> object:
        """Return the value as one of Python's own."""


Number = SupportsFloat
"""A real number: of Python, numpy, `decimal` or `fractions`; a tensor or array of one value too."""

Time = datetime | int
"""A moment: an aware datetime, or whole milliseconds since 1970 UTC."""


def number(field: str, value: object) -> str:
    """Return a finite number as the shortest text that means the same, a Decimal with all its digits."""
    plain = _plain(field, value)
    if isinstance(plain, bool) or not isinstance(plain, numbers.Real | Decimal):
        raise EntryRefusedError(field, f"{shown(value)} is no number; give a float, an int or a Decimal")
    try:
        size = float(plain)
    except (OverflowError, ValueError):
        size = math.inf
    if not math.isfinite(size):
        raise EntryRefusedError(field, f"{shown(value)} is not finite; leave out what is not known")
    if abs(size) > MAX_MAGNITUDE:
        raise EntryRefusedError(field, f"{shown(value)} is beyond {MAX_MAGNITUDE:g}, the largest that counts")
    return str(plain) if isinstance(plain, Decimal | int) else repr(size)


def name(field: str, value: object) -> str:
    """Return a name without the blanks around it: 1 to 64 printable characters."""
    plain = _plain(field, value)
    if not isinstance(plain, str):
        raise EntryRefusedError(field, f"{shown(value)} is no text")
    text = plain.strip()
    if not text:
        raise EntryRefusedError(field, "is empty; leave out what is not known")
    if len(text) > MAX_NAME_LENGTH:
        raise EntryRefusedError(field, f"{shown(text)} is longer than {MAX_NAME_LENGTH} characters")
    if not text.isprintable():
        raise EntryRefusedError(field, f"{shown(text)} has characters that cannot be printed")
    return text


def policy(field: str, value: object) -> str:
    """Return one of the three policies, upper-cased."""
    text = name(field, getattr(value, "name", value)).upper()
    if text not in POLICIES:
        raise EntryRefusedError(field, f"{shown(text)} is none of {', '.join(POLICIES)}; leave it out for none")
    return text


def time(field: str, value: object) -> str:
    """Return a moment in ISO 8601, UTC, to the microsecond."""
    moment = _moment(field, value)
    latest = datetime.now(UTC) + LEEWAY
    if not EARLIEST <= moment <= latest:
        raise EntryRefusedError(
            field, f"{shown(value)} would be {moment.isoformat()}; give an aware datetime or milliseconds since 1970"
        )
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(field: str, value: object) -> datetime:
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise EntryRefusedError(field, f"{shown(value)} has no time zone; give datetime.now(UTC) or the like")
        return value.astimezone(UTC)
    plain = _plain(field, value)
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise EntryRefusedError(field, f"{shown(value)} is no time; give an aware datetime or whole milliseconds")
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=plain)
    except (OverflowError, ValueError):
        raise EntryRefusedError(field, f"{shown(value)} is no time in milliseconds since 1970") from None


def _plain(field: str, value: object) -> object:
    """Return what a scalar of numpy or of a tensor library holds, and anything else as it is."""
    if isinstance(value, str | int | float | Decimal) and type(value).__module__ in {"builtins", "decimal"}:
        return value
    if isinstance(value, _Scalar):
        try:
            return value.item()
        except (ValueError, RuntimeError):
            raise EntryRefusedError(field, "holds more than one value; give one") from None
    return value


def shown(value: object) -> str:
    """Return a value for a message, cut short where it is long."""
    text = ascii(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."
