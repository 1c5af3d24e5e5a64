"""One row of the table: what was measured, and what it is held to."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

DEVIATIONS_ALLOWED = 3.0
"""Standard errors by which a short run may miss a hold: it is wrong once in a thousand runs."""


class Direction(enum.Enum):
    """Which side of its bound a figure has to be on."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Hold:
    """What a figure is held to.

    Attributes:
        direction: which side of the bound is the good one.
        bound: the bound.
        tolerance: by how much the figure may miss it.
    """

    direction: Direction
    bound: float
    tolerance: float = 0.0

    def shortfall(self, figure: float, allowance: float = 0.0) -> float:
        """Return by how much a figure misses the bound, tolerance and a further allowance aside; 0 when it holds."""
        beyond = figure - self.bound if self.direction is Direction.AT_MOST else self.bound - figure
        missed = beyond - self.tolerance - allowance
        # What is not a number holds nothing.
        return math.inf if math.isnan(missed) else max(missed, 0.0)

    def __str__(self) -> str:
        tolerance = f" ± {self.tolerance:g}" if self.tolerance else ""
        return f"{self.direction.value} {self.bound:g}{tolerance}"


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure.

    Attributes:
        test: what was measured.
        measured: the figure; NaN where it could not be taken.
        hold: what it is held to; None: it is there to explain others.
        standard_error: of the figure over worlds; 0 where it is no average.
        unit: unit of the figure, empty for a share, a probability or a count.
        remark: replaces the verdict where there is no hold.
        limit: which known limit makes the figure fall short, where one does.
        learner: which estimator was measured, where there are several.
    """

    test: str
    measured: float
    hold: Hold | None = None
    standard_error: float = 0.0
    unit: str = ""
    remark: str = ""
    limit: str = ""
    learner: str = ""

    def holds(self, *, short: bool) -> bool:
        """Say whether the figure holds; a short run may miss the hold by some standard errors."""
        allowance = DEVIATIONS_ALLOWED * self.standard_error if short else 0.0
        return self.hold is None or not self.hold.shortfall(self.measured, allowance)

    def verdict(self, *, short: bool) -> str:
        """Say whether the figure holds, and by how much it does not."""
        if self.hold is None:
            return self.remark
        if math.isnan(self.measured):
            return "not measured"
        if self.holds(short=short):
            return "holds"
        missed = f"falls short by {self.hold.shortfall(self.measured):.3g}"
        return f"{missed} ({self.limit})" if self.limit else missed


def at_least(bound: float, tolerance: float = 0.0) -> Hold:
    """Hold a figure to a lower bound."""
    return Hold(Direction.AT_LEAST, bound, tolerance)


def at_most(bound: float, tolerance: float = 0.0) -> Hold:
    """Hold a figure to an upper bound."""
    return Hold(Direction.AT_MOST, bound, tolerance)
