"""The circular block bootstrap of `figures.block_bootstrap` for values that are not held: their sums by cell are.

The values are cut into at most 16,384 cells of neighbours of equal number. A block begins at a cell, not at any value,
and has a whole number of them. Of so many values a block has at least 1/1,000 of all, which is 16 cells: so there are
still 16 places within a block at which another one can begin, and the interval is the same but for what drawing blocks
at random makes of it. Up to 16,384 values a cell is a value, and nothing differs.
"""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.block_bootstrap import ends_of_mean

MOST_CELLS = 1 << 14


class CellSums:
    """Sums of neighbours.

    Args:
        values: how many values there will be.
    """

    def __init__(self, values: int) -> None:
        self._values = values
        self._cell = max(-(-values // MOST_CELLS), 1)
        self._sums = np.zeros(-(-values // self._cell))
        self._seen = 0

    def add(self, values: FloatColumn) -> None:
        """Take in the next values."""
        first = self._seen // self._cell
        cells = (self._seen + np.arange(values.size)) // self._cell - first
        sums = np.bincount(cells, weights=values)
        self._sums[first : first + sums.size] += sums
        self._seen += values.size

    def interval(self, length: int) -> tuple[float, float]:
        """Give the ends of the 95 % interval of the mean of values whose mean is 0, by blocks of about so many."""
        # The last cell may be short of some values; so a cell has a little fewer than its number, on average.
        values_per_cell = self._values / self._sums.size
        cells = max(min(round(length / values_per_cell), self._sums.size - 1), 1)
        low, high = ends_of_mean(self._sums, cells)
        return low / values_per_cell, high / values_per_cell
