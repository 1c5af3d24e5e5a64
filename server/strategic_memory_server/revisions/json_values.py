"""Single values of JSON that somebody else may have written: each is what it has to be, or refused."""

from __future__ import annotations

import sys

_MAX_COUNT = 2**63 - 1


def read_count(value: object) -> int:
    """Give a whole number from 0 that fits the wire; ValueError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_COUNT:
        raise ValueError("not a count")
    return value


def read_number(value: object) -> float:
    """Give a finite number; ValueError for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:
        raise ValueError("not a finite number")
    return float(value)


def read_text(value: object) -> str:
    """Give a text that can be sent; TypeError or ValueError for anything else."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    value.encode()
    return value


def read_list(value: object) -> list[object]:
    """Give a list; TypeError for anything else, which may be iterable all the same."""
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def read_object(value: object) -> dict[str, object]:
    """Give an object; TypeError for anything else."""
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value
