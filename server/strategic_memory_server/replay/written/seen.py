"""What was seen in a column, and where, for who has to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

_SHOWN_CHARACTERS = 40


class Seen(NamedTuple):
    """A value as it stands in a file.

    Attributes:
        line: of the file, from 1.
        cell: the value.
    """

    line: int
    cell: str


class UndecidedError(Exception):
    """A column can be read in two ways, or in none.

    Attributes:
        seen: values that show it.
        why: what is wrong with them and what to do, to stand behind them.
    """

    def __init__(self, seen: Sequence[Seen], why: str) -> None:
        super().__init__(why)
        self.seen = seen
        self.why = why

    def describe(self, column: str) -> str:
        """Say in words what was seen of a column, and on which lines."""
        return f"{column}: {' and '.join(f'{shown(cell)} (line {line})' for line, cell in self.seen)} {self.why}"


def shown(cell: object) -> str:
    """Return a cell as a message shows it: cut, and with nothing in it that a terminal acts upon."""
    text = str(cell)
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")


def named(column: str, theirs: Mapping[str, str]) -> str:
    """Return what a message calls a column: by our name, and by that in the table where it is another."""
    other = theirs.get(column, column)
    return column if other == column else f"{column} (column {shown(other)})"
