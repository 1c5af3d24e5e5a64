"""Blocks: the trades of one regime, in consecutive stretches that are longer the older they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.evidence.change.residuals import NO_RESIDUALS, Residuals, share_that_tells

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
        weight: w, trades by policy; sums of weights where the block was made of sums that decay.
        pnl: x, sum of their pnl by policy.
        squared_pnl: y, sum of their pnl^2 by policy.
    """

    observations: int = 0
    weight: Triple = ZEROS
    pnl: Triple = ZEROS
    squared_pnl: Triple = ZEROS


class Blocks(NamedTuple):
    """What is kept of the trades of a regime to notice that it has changed.

    Attributes:
        held: the blocks, oldest first; the last one is being filled.
        residuals: how much results depend on the one before.
    """

    held: tuple[Block, ...] = (Block(),)
    residuals: Residuals = NO_RESIDUALS


NO_TRADES = Blocks()


@dataclass(frozen=True, slots=True, eq=False)
class BlockCells:
    """Blocks as arrays; leading axes are regimes, or regimes of independent histories.

    Attributes:
        observations: L, shape (..., blocks).
        is_there: 1, and 0 where a regime has fewer blocks; same shape.
        weight: w, shape (..., blocks, 3).
        pnl: x, same shape.
        squared_pnl: y, same shape.
        tells: what an observation counts for where results depend on the one before, shape (...).
    """

    observations: FloatColumn
    is_there: FloatColumn
    weight: FloatColumn
    pnl: FloatColumn
    squared_pnl: FloatColumn
    tells: FloatColumn

    def reshaped(self, *lead: int) -> BlockCells:
        """Return the same blocks with other leading axes."""
        return BlockCells(*(np.reshape(values, (*lead, *values.shape[1:])) for values in self._values))

    @property
    def _values(self) -> tuple[FloatColumn, ...]:
        return self.observations, self.is_there, self.weight, self.pnl, self.squared_pnl, self.tells


_UNUSED = (0.0, 0.0, *ZEROS, *ZEROS, *ZEROS)


def block_cells(regimes: Sequence[Blocks]) -> BlockCells:
    """Return the blocks of some regimes as arrays, each regime filled up with blocks that hold nothing.

    Up to the most there may be, so that no sum is rounded otherwise for what another regime has.
    """
    rows = [
        [
            *((length, 1.0, *weight, *pnl, *squares) for length, weight, pnl, squares in blocks.held),
            *[_UNUSED] * (MOST - len(blocks.held)),
        ]
        for blocks in regimes
    ]
    numbers = np.array(rows, dtype=np.float64)
    return cells_of_numbers(numbers, np.array([share_that_tells(blocks.residuals) for blocks in regimes]))


def cells_of_numbers(numbers: FloatColumn, tells: FloatColumn) -> BlockCells:
    """Return blocks whose numbers lie in the last axis of an array: L, whether it is there, then w, x and y."""
    return BlockCells(numbers[..., 0], numbers[..., 1], numbers[..., 2:5], numbers[..., 5:8], numbers[..., 8:], tells)
