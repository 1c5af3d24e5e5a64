"""The sums as arrays, in an order that does not depend on the order in which regimes were first seen.

Everything that follows works on arrays of shape (..., regimes, policies); leading axes are independent histories, so
one memory and thousands of simulated ones are computed by the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.evidence.change.blocks import NO_TRADES, BlockCells, block_cells
from strategic_memory_server.evidence.sums import NO_OBSERVATIONS, EvidenceSums

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Weighted sums of all cells.

    Attributes:
        weight: W, sum of weights; shape (..., regimes, 3).
        pnl: S1, weighted sum of pnl; same shape.
        squared_pnl: S2, weighted sum of pnl^2; same shape.
    """

    weight: Floats
    pnl: Floats
    squared_pnl: Floats


def cells_of(sums: EvidenceSums) -> tuple[Cells, dict[str, int]]:
    """The sums as arrays, with the place of each regime: by name, and after them one that was never seen.

    The last one stands for every regime without observations, of which the same is believed. So the arrays depend on
    what was seen alone, and not on which regimes are asked for.
    """
    names = sorted(sums.regimes)
    return rows_of(sums, names), {name: place for place, name in enumerate(names)}


def rows_of(sums: EvidenceSums, names: Sequence[str]) -> Cells:
    """The sums of some regimes as arrays in the order given, and after them those of one that was never seen."""
    rows = [*(sums.of(name) for name in names), NO_OBSERVATIONS]
    columns = np.array([[(cell.weight, cell.pnl, cell.squared_pnl) for cell in row] for row in rows], dtype=np.float64)
    return Cells(columns[..., 0], columns[..., 1], columns[..., 2])


def block_cells_of(sums: EvidenceSums) -> BlockCells:
    """The blocks as arrays, in the order of `cells_of`. ValueError where none are kept."""
    blocks = sums.blocks
    if blocks is None:
        raise ValueError("no blocks are kept beside the sums, in which change is looked for: sum the trades anew")
    return block_cells([*(blocks[name] for name in sorted(sums.regimes)), NO_TRADES])
