"""Moments and lengths of time as they are written on the command line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

MOMENT_SYNTAX = "2026-01-05T09:30:00Z"
LENGTH_SYNTAX = "30s, 90m, 12h, 7d or 2w"

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])", re.ASCII)


def parse_moment(text: str) -> datetime:
    """Return the moment. Raises ValueError that says what is wrong."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} must be a date and time such as {MOMENT_SYNTAX}") from None
    if moment.utcoffset() is None:
        raise ValueError(f"{text!r} must say its timezone: end it in Z for UTC, or in an offset such as +02:00")
    return moment


def parse_length(text: str) -> timedelta:
    """Return the length of time. Raises ValueError that says what is wrong."""
    parts = _LENGTH.fullmatch(text.strip())
    if parts is None:
        raise ValueError(f"{text!r} must be a number and a unit, such as {LENGTH_SYNTAX}")
    try:
        length = timedelta(**{_UNITS[parts[2]]: float(parts[1])})
    except OverflowError:
        raise ValueError(f"{text!r} is too long: give at most {timedelta.max.days}d") from None
    if length < timedelta(milliseconds=1):
        raise ValueError(f"{text!r} must be at least a millisecond")
    return length
