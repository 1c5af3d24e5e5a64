"""Flags that are numbers, in digits: Python would read 1_0 as 10, where 1.0 may have been meant."""

from __future__ import annotations

import math
from typing import Any

import click


class Whole(click.IntRange):
    """A whole number within bounds."""

    name = "integer"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it; fails where it has underscores."""
        given: Any = _in_digits(value)
        return super().convert(given, param, ctx)


class Number(click.FloatRange):
    """A number within bounds."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it; fails where it has underscores, and for NaN, which is within no bounds and beyond none."""
        given: Any = _in_digits(value)
        if math.isnan(number := super().convert(given, param, ctx)):
            raise click.BadParameter("give a number")
        return number


def _in_digits(value: object) -> object:
    if isinstance(value, str) and "_" in value:
        raise click.BadParameter("give the number in digits, without underscores")
    return value
