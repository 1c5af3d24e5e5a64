"""Figures of a scale run: what, how much, what was aimed at, and whether that was held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_SHOWN = 40
_HEAD = ("what", "figure", "aim", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One row.

    Attributes:
        what: what was measured.
        figure: how much, with its unit.
        aim: what was aimed at; empty: nothing was.
        is_held: whether the aim was met; None: there is none.
    """

    what: str
    figure: str
    aim: str = ""
    is_held: bool | None = None


@dataclass(slots=True)
class Part:
    """What came of one part of a run.

    Attributes:
        name: what was played.
        figures: what was measured.
        problems: violations of promises, and whatever else is not as it should be. A missed aim is none.
    """

    name: str
    figures: list[Figure] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def tell(self, what: str, figure: str) -> None:
        """Add a row without an aim."""
        self.figures.append(Figure(what, figure))

    def compare(self, what: str, value: float, most: float, unit: str = "") -> None:
        """Add a row with a number that is to be at most so much."""
        shown = f" {unit}".rstrip()
        self.figures.append(Figure(what, f"{value:,.4g}{shown}", f"at most {most:,g}{shown}", value <= most))

    def count(self, what: str, found: int, of: int) -> None:
        """Add a row of how many of all did; all of them is what was promised."""
        self.figures.append(Figure(what, f"{found:,} of {of:,}", "all", found == of))


def table(parts: Iterable[Part]) -> str:
    """Return one table of all parts, and below it what is not as it should be."""
    every = list(parts)
    rows = [_HEAD, *(row for part in every for row in _rows(part))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    problems = [f"    {part.name}: {problem}" for part in every for problem in part.problems]
    more = [f"    and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    return "\n".join([*lines, "", f"{len(problems)} problems", *problems[:_SHOWN], *more])


def _rows(part: Part) -> Iterable[tuple[str, str, str, str]]:
    yield (part.name, "", "", "")
    for each in part.figures:
        held = {None: "", True: "held", False: "missed"}[each.is_held]
        yield (f"  {each.what}", each.figure, each.aim, held)
