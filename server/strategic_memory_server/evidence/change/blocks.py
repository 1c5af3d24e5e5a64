"""Blocks: the trades of one regime, in consecutive stretches that are longer the older they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn

MOST = 10
"""Blocks of a regime."""

FULL = 10
"""Trades after which the newest block is closed."""

Triple = tuple[float, float, float]
"""A number for each policy, in the order of `Policy`."""

ZEROS: Triple = (0.0, 0.0, 0.0)


class Block(NamedTuple):
    """What is kept of some consecutive trades of one regime.

    Attributes:
        observations: how many, L.
        log_before: F, log evidence of all trades before it; 0 for the oldest block.
        weight: w, trades by policy; sums of weights where the block was made of sums that decay.
        pnl: x, sum of their pnl by policy.
        squared_pnl: y, sum of their pnl^2 by policy.
    """

    observations: int = 0
    log_before: float = 0.0
    weight: Triple = ZEROS
    pnl: Triple = ZEROS
    squared_pnl: Triple = ZEROS


Blocks = tuple[Block, ...]
"""The blocks of a regime, oldest first; the last one is being filled."""

NO_TRADES: Blocks = (Block(),)


@dataclass(frozen=True, slots=True, eq=False)
class BlockCells:
    """Blocks as arrays; leading axes are regimes, or regimes of independent histories.

    Attributes:
        observations: L, shape (..., blocks).
        log_before: F, same shape; minus infinity where a regime has fewer blocks.
        weight: w, shape (..., blocks, 3).
        pnl: x, same shape.
        squared_pnl: y, same shape.
    """

    observations: FloatColumn
    log_before: FloatColumn
    weight: FloatColumn
    pnl: FloatColumn
    squared_pnl: FloatColumn

    def reshaped(self, *lead: int) -> BlockCells:
        """Return the same blocks with other leading axes."""
        return BlockCells(*(np.reshape(values, (*lead, *values.shape[1:])) for values in self._values))

    @property
    def _values(self) -> tuple[FloatColumn, ...]:
        return self.observations, self.log_before, self.weight, self.pnl, self.squared_pnl


_UNUSED = (0.0, -np.inf, *ZEROS, *ZEROS, *ZEROS)


def block_cells(regimes: Sequence[Blocks]) -> BlockCells:
    """Return the blocks of some regimes as arrays, each regime filled up with blocks that hold nothing.

    Up to the most there may be, so that no sum is rounded otherwise for what another regime has.
    """
    rows = [
        [
            *((length, before, *weight, *pnl, *squares) for length, before, weight, pnl, squares in blocks),
            *[_UNUSED] * (MOST - len(blocks)),
        ]
        for blocks in regimes
    ]
    numbers = np.array(rows, dtype=np.float64)
    return BlockCells(numbers[..., 0], numbers[..., 1], numbers[..., 2:5], numbers[..., 5:8], numbers[..., 8:])
