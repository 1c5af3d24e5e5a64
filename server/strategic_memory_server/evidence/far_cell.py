"""Trades in the sums that are in another unit than the others, or errors: they weigh long after they left windows."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from strategic_memory_server.evidence.sums import FORGOTTEN, EvidenceSums
from strategic_memory_server.memory.policy import Policy

FAR = 300.0
"""Policies in regimes are not so far apart in what their trades earn or lose, whatever the leverage."""

FEWEST_CELLS = 3
"""With fewer there is nothing usual to compare with."""


@dataclass(frozen=True, slots=True)
class FarCell:
    """A regime and policy whose trades earned or lost far more than is usual.

    Attributes:
        regime: the regime.
        policy: the policy.
        size: root mean square of its pnl, in the unit of pnl.
        usual: median of that over all regimes and policies with trades, likewise.
    """

    regime: str
    policy: Policy
    size: float
    usual: float


def far_cell(sums: EvidenceSums) -> FarCell | None:
    """Find the regime and policy with the largest pnl, where it is FAR times what is usual; None: it is not."""
    sizes = {
        (regime, policy): math.sqrt(cell.squared_pnl / cell.weight)
        for regime, cells in sums.regimes.items()
        for policy, cell in zip(Policy, cells, strict=True)
        if cell.weight > FORGOTTEN and cell.squared_pnl > 0.0
    }
    if len(sizes) < FEWEST_CELLS:
        return None
    usual = statistics.median(sizes.values())
    (regime, policy), size = max(sizes.items(), key=lambda item: item[1])
    return FarCell(regime, policy, size, usual) if size >= FAR * usual else None
