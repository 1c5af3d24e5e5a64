"""Course: what one kind of rules has advised over a record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns import FloatColumn, IndexColumn


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Advice at each decision point, and after the last entry.

    Attributes:
        every: entries from one decision to the next, asked for.
        points: places of the decisions in the record; one more than the decision points: the last is its length.
        policy: policy advised at each, CONSERVATIVE while there is no advice.
        advised: whether there was advice.
        confidence: confidence said, 0 to 1; 0 while there is no advice.
        regime: index of the regime that the advice is about; -1 while there is no advice.
        probability_best: of each policy in that regime, shape (decisions, 3); None where the rules say nothing of it.
    """

    every: int
    points: IndexColumn
    policy: NDArray[np.int8]
    advised: NDArray[np.bool_]
    confidence: FloatColumn
    regime: IndexColumn
    probability_best: FloatColumn | None = None

    def in_force(self, places: IndexColumn) -> IndexColumn:
        """Give the index of the decision that holds at each place of the record."""
        return np.searchsorted(self.points[:-1], places, side="right") - 1
