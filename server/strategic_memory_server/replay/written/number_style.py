"""NumberStyle: one way of writing numbers, and what a number says that is written so."""

from __future__ import annotations

import math
from dataclasses import dataclass

from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE, RejectionError
from strategic_memory_server.replay.files.cell_columns import NOTHING
from strategic_memory_server.replay.written.number_parts import is_grouped, number_parts, plain_signs

_NAMED = {".": "dot", ",": "comma", "'": "apostrophe", " ": "blank"}


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How the numbers of a column are written.

    Attributes:
        decimal: what stands before the decimals, `.` or `,`.
        thousands: what may stand between groups of digits, each a character.
        percent: whether they are percent, and read as fractions.
        by_name: whether the name of their column says so, and not each of them.
        currency: of all of them; empty without one.
        minus: whether some are negative by another sign than `-` before them.
    """

    decimal: str = "."
    thousands: str = ""
    percent: bool = False
    by_name: bool = False
    currency: str = ""
    minus: bool = False

    def describe(self) -> str:
        """Say it; empty for plain numbers."""
        said = [
            f"thousands by {' or '.join(_NAMED[each] for each in self.thousands)}" if self.thousands else "",
            f"percent{' by its name' if self.by_name else ''}, read as fractions" if self.percent else "",
            f"in {self.currency}" if self.currency else "",
            "minuses of other forms" if self.minus else "",
        ]
        if self.decimal == "," or self.thousands:
            said.insert(0, "decimal comma" if self.decimal == "," else "decimal point")
        return ", ".join(each for each in said if each)

    def read(self, column: str, cell: str) -> float:
        """Return the number in a cell; NaN for one that holds none.

        Raises:
            RejectionError: it is no number, or not one that is written in this way.
        """
        text = plain_signs(cell)
        parts = number_parts(text)
        if parts is None:
            if text.lower() in NOTHING:
                return math.nan
            raise RejectionError(_reason(column, text), cell)
        digits = self._digits(parts.body)
        if not digits:
            raise RejectionError(f"{column}_written_otherwise", cell)
        if parts.percent and parts.exponent:
            raise RejectionError(f"{column}_not_a_number", cell)
        hundredths = parts.percent or self.by_name
        value = float(f"{digits}e{int(parts.exponent[1:] or 0) - 2}" if hundredths else digits + parts.exponent)
        is_of_unit = parts.percent == self.percent or self.by_name
        if value and not (is_of_unit and parts.currency == self.currency):
            raise RejectionError(f"{column}_written_otherwise", cell)
        if not value <= MAX_MAGNITUDE:
            raise RejectionError(f"{column}_out_of_range", cell)
        return -value if parts.negative else value

    def _digits(self, body: str) -> str:
        """Return digits with a point as Python reads them; empty where they are not written in this way."""
        whole, point, decimals = body.partition(self.decimal)
        if point and decimals and not decimals.isdigit():
            return ""
        if whole and not whole.isdigit():
            if not any(is_grouped(whole, each) for each in self.thousands):
                return ""
            whole = "".join(each for each in whole if each.isdigit())
        return f"{whole or '0'}.{decimals or '0'}"


def _reason(column: str, text: str) -> str:
    if text.lower().lstrip("+-") in {"inf", "infinity"}:
        return f"{column}_not_finite"
    return f"{column}_not_a_number"
