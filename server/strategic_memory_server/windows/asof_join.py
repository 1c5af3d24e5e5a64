"""As-of join: the regime that the regime stream showed at the time of an entry that has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import IndexColumn, PositionColumn
from strategic_memory_server.columns.stream_position import POSITION_BYTES

JOIN_DTYPE = np.dtype(f"S{POSITION_BYTES + 1}")
"""Of a column of joins: the position of the observation that an entry has its regime from, or one of the next two."""

GIVEN = b"\xff" * (POSITION_BYTES + 1)
"""The entry has a regime of its own."""

NOT_OBSERVED = b""
"""No observation at or before the entry; Redis gives no entry the id 0-0."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Observations to look regimes up in: parallel columns, oldest first, with the regimes as indices.

    `older_` columns hold observations from before the others, not necessarily all of them.
    """

    positions: PositionColumn
    regimes: IndexColumn
    older_positions: PositionColumn
    older_regimes: IndexColumn
    unknown: int

    def as_of(self, positions: PositionColumn) -> tuple[IndexColumn, PositionColumn]:
        """Return for each position the regime of the last observation at or before it, and where that one is."""
        regimes = np.full(positions.size, self.unknown, dtype=np.int64)
        joins = np.full(positions.size, NOT_OBSERVED, dtype=JOIN_DTYPE)
        for seen_positions, seen_regimes in (
            (self.older_positions, self.older_regimes),
            (self.positions, self.regimes),
        ):
            last = np.searchsorted(seen_positions, positions, side="right") - 1
            found: NDArray[np.intp] = np.flatnonzero(last >= 0)
            regimes[found] = seen_regimes[last[found]]
            joins[found] = seen_positions[last[found]]
        return regimes, joins


def regimes_at(
    times_ms: IndexColumn, observed_ms: IndexColumn, observed_regimes: IndexColumn, unknown: int
) -> IndexColumn:
    """Return for each time the regime of the last observation at or before it; both are in milliseconds."""
    last = np.searchsorted(observed_ms, times_ms, side="right")
    found: IndexColumn = np.append(np.int64(unknown), observed_regimes)[last]
    return found
