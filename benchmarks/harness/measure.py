"""One measured row: what each side took, round by round, and what the row is held to."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self, TypeVar

Round = TypeVar("Round")

SIDES = ("ours", "floor", "theirs")
"""What is measured in the same rounds; "theirs" where another checkout is given."""


class Direction(enum.Enum):
    """Which side of its bound a figure has to be on."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


class Of(enum.Enum):
    """What a bound is on."""

    RATIO = "ours over the floor"
    OURS = "our own figure, in the row's unit"
    THEIRS = "ours over the other checkout's"


@dataclass(frozen=True, slots=True)
class Hold:
    """What a row is held to.

    Attributes:
        direction: which side of the bound is the good one.
        bound: the bound.
        of: what it is on.
    """

    direction: Direction
    bound: float
    of: Of = Of.RATIO

    def shortfall(self, figure: float) -> float:
        """Return the share of the bound by which a figure misses it; 0 when it holds."""
        beyond = figure - self.bound if self.direction is Direction.AT_MOST else self.bound - figure
        return max(beyond / self.bound, 0.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """One row.

    Attributes:
        what: what was measured.
        unit: unit of the figures.
        ours: our figure in each round.
        floor: the floor's figure in the same rounds; empty when there is none.
        theirs: the other checkout's figure in the same rounds; empty when there is none.
        hold: what the row is held to; None: it is there to explain another row.
    """

    what: str
    unit: str
    ours: Sequence[float]
    floor: Sequence[float] = ()
    theirs: Sequence[float] = ()
    hold: Hold | None = None

    @classmethod
    def of(
        cls,
        what: str,
        unit: str,
        rounds: Mapping[str, Sequence[Round]],
        figure: Callable[[Round], float],
        hold: Hold | None = None,
    ) -> Self:
        """Make a row of one figure of each round, by side."""
        ours, floor, theirs = ([figure(each) for each in rounds.get(side, ())] for side in SIDES)
        return cls(what, unit, ours, floor, theirs, hold)

    def __post_init__(self) -> None:
        if not self.ours:
            raise ValueError(f"{self.what}: no round was measured")
        for side, figures in (("the floor", self.floor), ("the other checkout", self.theirs)):
            if figures and len(figures) != len(self.ours):
                raise ValueError(f"{self.what}: {len(self.ours)} rounds of ours, {len(figures)} of {side}")

    @property
    def ratios(self) -> list[float]:
        """Ours divided by the floor, round by round."""
        return _divided(self.ours, self.floor)

    @property
    def ratios_to_theirs(self) -> list[float]:
        """Ours divided by the other checkout's, round by round."""
        return _divided(self.ours, self.theirs)

    @property
    def held(self) -> float:
        """The figure that the hold is about; NaN where it was not measured, or there is no hold."""
        if self.hold is None:
            return math.nan
        figures = {Of.RATIO: self.ratios, Of.OURS: self.ours, Of.THEIRS: self.ratios_to_theirs}[self.hold.of]
        return median(figures) if figures else math.nan

    @property
    def verdict(self) -> str:
        """Whether the row holds, and by how much of the bound it does not; empty where nothing can be said."""
        if self.hold is None or math.isnan(self.held):
            return ""
        shortfall = self.hold.shortfall(self.held)
        return f"falls short by {shortfall:.1%}" if shortfall else "holds"


def _divided(figures: Sequence[float], by: Sequence[float]) -> list[float]:
    return [mine / other for mine, other in zip(figures, by, strict=True)] if by else []
