"""NumberSurvey: the way in which a column's numbers are written, told from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.number_parts import (
    NumberParts,
    is_grouped,
    number_parts,
    plain_signs,
    unknown_unit,
)
from strategic_memory_server.replay.written.number_style import NumberStyle
from strategic_memory_server.replay.written.seen import Seen, UndecidedError
from strategic_memory_server.replay.written.shapes import first_of_each

_DIGITS = str.maketrans("23456789", "11111111")
_ASCII_MINUS = "-"
_NEVER_GROUPED = 3
"""So many digits are no group and another."""


class NumberSurvey:
    """Takes the cells of one column, page by page.

    Args:
        decimal: what stands before the decimals, `.` or `,`, where that is known.
        percent: whether the numbers are percent without a sign that says it.
    """

    def __init__(self, decimal: str = "", *, percent: bool = False) -> None:
        self._known, self._by_name = decimal, percent
        self._shapes: dict[str, None] = {}
        self._decimal: dict[str, Seen] = {}
        self._thousands: dict[str, Seen] = {}
        self._open: dict[str, Seen] = {}
        self._ungrouped = 0
        self._short_group = False
        self._percent: dict[bool, Seen] = {}
        self._currency: dict[str, Seen] = {}
        self._unit: tuple[Seen, str, str] | None = None
        self._minus = False

    def add(self, cells: Sequence[Cell], lines: Sequence[int]) -> None:
        """Take some cells, each with its line."""
        # One of each shape tells the same as all; a 0 is kept apart, since nobody groups behind one.
        for shape, place in first_of_each(cells, _DIGITS).items():
            cell = cells[place]
            # Numbers of JSON and of tables can be read in one way only.
            if isinstance(cell, str) and shape not in self._shapes:
                self._shapes[shape] = None
                self._take(plain_signs(cell), Seen(lines[place], cell))

    def _take(self, text: str, seen: Seen) -> None:
        parts = number_parts(text)
        if parts is None and self._unit is None and (unit := unknown_unit(text)):
            self._unit = (seen, *unit)
        if parts is None or not self._take_separators(parts, seen):
            return
        self._minus = self._minus or (parts.negative and seen.cell.strip().removeprefix("'")[:1] != _ASCII_MINUS)
        if any(digit in "123456789" for digit in parts.body):
            # Nothing is 0 percent and 0 of every currency.
            self._percent.setdefault(parts.percent, seen)
            self._currency.setdefault(parts.currency, seen)

    def _take_separators(self, parts: NumberParts, seen: Seen) -> bool:
        """Take what the separators tell; False where this is no number in any way of writing."""
        body = parts.body
        separators = [separator for separator, _ in groupby(each for each in body if not each.isdigit())]
        if not separators:
            self._ungrouped = max(self._ungrouped, len(body))
            return True
        last = separators[-1]
        if len(separators) == 1:
            grouped = is_grouped(body, last)
            once = body.count(last) == 1
            if once and last in ".,":
                # Who writes an exponent does not group.
                found = self._open if grouped and not parts.exponent else self._decimal
            elif grouped:
                found = self._thousands
            else:
                return False
            found.setdefault(last, seen)
            self._short_group = self._short_group or (found is self._open and body[1] == last)
            return True
        whole = body[: body.rindex(last)]
        if len(separators) != 2 or last not in ".," or body.count(last) > 1 or not is_grouped(whole, separators[0]):
            return False
        self._decimal.setdefault(last, seen)
        self._thousands.setdefault(separators[0], seen)
        return True

    def style(self) -> NumberStyle:
        """Return the way in which they are written.

        Raises:
            UndecidedError: they are written in two ways, or can be read in two.
        """
        if self._unit and not self._percent:
            # Among plain numbers such a row is refused alone.
            seen, number, unit = self._unit
            raise UndecidedError(
                [seen],
                f"would read as {number} in {unit}, which is no currency that is known: a unit, or a factor? Write "
                "plain numbers in full, percent with %, or money with its code, USD",
            )
        decimal = self._known or self._decided()
        other = "," if decimal == "." else "."
        grouping = [each for each in (other, "'", " ") if each in self._thousands or each in self._open]
        if not self._by_name:
            _require_one(self._percent, "percent", "no percent")
        for one, another in zip(list(self._currency)[:-1], list(self._currency)[1:], strict=True):
            raise UndecidedError(
                [self._currency[one], self._currency[another]],
                f"are {_money(one)} and {_money(another)}: sums of two currencies mean nothing; "
                "write one in all rows, or take those of one market, --map strategy=<its column> --strategy <market>",
            )
        return NumberStyle(
            decimal,
            "".join(grouping),
            percent=self._by_name or True in self._percent,
            by_name=self._by_name,
            currency=next(iter(self._currency), ""),
            minus=self._minus,
        )

    @property
    def _is_ungrouped(self) -> bool:
        """Tell whether some digits would be in groups, if any were: in Spanish not before there are five."""
        return self._ungrouped > _NEVER_GROUPED + (0 if self._short_group else 1)

    def _decided(self) -> str:
        proved, grouped, either = self._decimal, self._thousands, self._open
        for one, other in (
            (proved.get("."), proved.get(",")),
            (grouped.get("."), grouped.get(",")),
            (proved.get("."), grouped.get(".")),
            (proved.get(","), grouped.get(",")),
        ):
            if one and other:
                raise UndecidedError(
                    [one, other],
                    "are written in two ways: write all rows in one, or say --decimal point or --decimal comma, and "
                    "the others are refused",
                )
        for sign, opposite in ((".", ","), (",", ".")):
            if sign in proved or opposite in grouped:
                return sign
        if len(either) > 1:
            raise UndecidedError(
                list(either.values()),
                "can be decimals or thousands each, and not both the same: say --decimal point or --decimal comma",
            )
        for sign, seen in either.items():
            if not self._is_ungrouped and not grouped:
                raise UndecidedError([seen], _two_readings(seen.cell, sign))
            return sign
        return "."


def _require_one(found: dict[bool, Seen], with_it: str, without: str) -> None:
    if len(found) > 1:
        raise UndecidedError(
            [found[True], found[False]], f"are {with_it} and {without}: a percent sign belongs in all rows or in none"
        )


def _money(currency: str) -> str:
    return currency or "no currency"


def _two_readings(cell: str, sign: str) -> str:
    body = plain_signs(cell)
    whole, decimals = body.replace(sign, ""), body.replace(sign, ".")
    comma, point = ("comma", "point") if sign == "." else ("point", "comma")
    return (
        f"is {whole} or {decimals}, and nothing else in the column tells which: say --decimal {comma} for {whole}, "
        f"--decimal {point} for {decimals}"
    )
