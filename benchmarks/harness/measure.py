"""One measured row: what ours and the floor took, round by round, and what the ratio is held to."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


class Direction(enum.Enum):
    """Which side of its bound a figure has to be on."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Hold:
    """What a row is held to.

    Attributes:
        direction: which side of the bound is the good one.
        bound: a ratio, or with `of_ours` a figure in the row's unit.
        of_ours: whether the bound is on our own figure rather than on the ratio.
    """

    direction: Direction
    bound: float
    of_ours: bool = False

    def shortfall(self, figure: float) -> float:
        """Give the share of the bound by which a figure misses it; 0 when it holds."""
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
        hold: what the row is held to; None: it is there to explain another row.
        remark: replaces the verdict where there is no hold.
    """

    what: str
    unit: str
    ours: Sequence[float]
    floor: Sequence[float] = ()
    hold: Hold | None = None
    remark: str = ""

    def __post_init__(self) -> None:
        if not self.ours:
            raise ValueError(f"{self.what}: no round was measured")
        if self.floor and len(self.floor) != len(self.ours):
            raise ValueError(f"{self.what}: {len(self.ours)} rounds of ours, {len(self.floor)} of the floor")

    @property
    def ratios(self) -> list[float]:
        """Ours divided by the floor, round by round."""
        return [mine / bare for mine, bare in zip(self.ours, self.floor, strict=False)]

    @property
    def ratio(self) -> float:
        """Median of the ratios; NaN without a floor."""
        return median(self.ratios) if self.floor else math.nan

    @property
    def verdict(self) -> str:
        """Whether the row holds, and by how much of the bound it does not."""
        if self.hold is None:
            return self.remark
        shortfall = self.hold.shortfall(median(self.ours) if self.hold.of_ours else self.ratio)
        return f"falls short by {shortfall:.1%}" if shortfall else "holds"
