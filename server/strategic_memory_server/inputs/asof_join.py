"""As-of join: the regime that the regime stream showed at the time of an entry that has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns import IndexColumn

GIVEN = np.iinfo(np.int64).max
"""In a column of joins: the entry has a regime of its own."""

NOT_OBSERVED = np.iinfo(np.int64).min
"""In a column of joins: no observation at or before the entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Observations to look regimes up in: parallel columns, oldest first, with the regimes as indices.

    `older_` columns hold observations from before the others, not necessarily all of them.
    """

    positions: IndexColumn
    regimes: IndexColumn
    older_positions: IndexColumn
    older_regimes: IndexColumn
    unknown: int

    def as_of(self, positions: IndexColumn) -> tuple[IndexColumn, IndexColumn]:
        """Give for each position the regime of the last observation at or before it, and where that one is."""
        regimes = np.full(positions.size, self.unknown, dtype=np.int64)
        joins = np.full(positions.size, NOT_OBSERVED, dtype=np.int64)
        for seen_positions, seen_regimes in (
            (self.older_positions, self.older_regimes),
            (self.positions, self.regimes),
        ):
            last = np.searchsorted(seen_positions, positions, side="right") - 1
            found: NDArray[np.intp] = np.flatnonzero(last >= 0)
            regimes[found] = seen_regimes[last[found]]
            joins[found] = seen_positions[last[found]]
        return regimes, joins
