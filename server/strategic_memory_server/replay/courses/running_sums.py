"""RunningSums: the sums of the evidence brought forward over many trades, and what they were at some moments."""

from __future__ import annotations

from collections.abc import Iterable

from strategic_memory_server.evidence.change.blocks import NO_TRADES, Blocks
from strategic_memory_server.evidence.change.growth import with_trade
from strategic_memory_server.evidence.sums import CellSums
from strategic_memory_server.memory.policy import Policy

_EACH = 3
"""Numbers of a cell: weight, weighted sum of pnl, weighted sum of its squares."""

CellValues = list[float]
"""The numbers of the three cells of a regime, one after the other; never changed once they were given."""


class RunningSums:
    """The sums of `evidence.sums` that figures rest on, to the last bit, in a fifth of the time that values take.

    Args:
        decay: weight that an observation keeps when one more of its regime arrives.

    Attributes:
        cells: numbers by regime, of the regimes that were seen.
        observations: observations of each of them, unweighted.
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self.cells: dict[int, CellValues] = {}
        self.observations: dict[int, int] = {}

    def add(self, regimes: Iterable[int], policies: Iterable[int], pnl: Iterable[float]) -> None:
        """Add observations, oldest first."""
        decay, held, counts = self._decay, self.cells, self.observations
        nothing = [0.0] * (_EACH * len(Policy))
        for regime, policy, earned in zip(regimes, policies, pnl, strict=True):
            # Written out, since a million trades take half as long for it.
            a, b, c, d, e, f, g, h, i = held.get(regime, nothing)
            cells = [a * decay, b * decay, c * decay, d * decay, e * decay, f * decay, g * decay, h * decay, i * decay]
            place = _EACH * policy
            cells[place] += 1.0
            cells[place + 1] += earned
            cells[place + 2] += earned * earned
            held[regime] = cells
            counts[regime] = counts.get(regime, 0) + 1


class RunningBlocks(RunningSums):
    """The same, with the blocks in which change is looked for.

    Attributes:
        blocks: blocks by regime; never changed once they were given.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(decay)
        self.blocks: dict[int, Blocks] = {}

    def add(self, regimes: Iterable[int], policies: Iterable[int], pnl: Iterable[float]) -> None:
        """Add observations, oldest first."""
        for regime, policy, earned in zip(regimes, policies, pnl, strict=True):
            super().add((regime,), (policy,), (earned,))
            cells = self.cells[regime]
            decayed = [CellSums(weight=cells[at], pnl=cells[at + 1], squared_pnl=cells[at + 2]) for at in (0, 3, 6)]
            self.blocks[regime] = with_trade(self.blocks.get(regime, NO_TRADES), policy, earned, decayed)
