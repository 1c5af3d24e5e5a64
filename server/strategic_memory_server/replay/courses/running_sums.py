"""RunningSums: the sums of the evidence brought forward over many trades, and what they were at some moments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.evidence.change.blocks import NO_TRADES, Blocks
from strategic_memory_server.evidence.change.growth import with_trade
from strategic_memory_server.evidence.regimes_apart import with_observations
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import CellSums, nothing_summed
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
        blocks: blocks of each of them, where they are kept.
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self.cells: dict[int, CellValues] = {}
        self.observations: dict[int, int] = {}
        self.blocks: dict[int, Blocks] = {}

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
    """The same, with the blocks in which change is looked for; never changed once they were given."""

    def add(self, regimes: Iterable[int], policies: Iterable[int], pnl: Iterable[float]) -> None:
        """Add observations, oldest first."""
        for regime, policy, earned in zip(regimes, policies, pnl, strict=True):
            super().add((regime,), (policy,), (earned,))
            cells = self.cells[regime]
            decayed = [CellSums(weight=cells[at], pnl=cells[at + 1], squared_pnl=cells[at + 2]) for at in (0, 3, 6)]
            self.blocks[regime] = with_trade(self.blocks.get(regime, NO_TRADES), policy, earned, decayed)


class SumsApart:
    """The same where a record has more regimes than are kept apart: as the long memory sums them, OTHER among them.

    Args:
        settings: how evidence is weighed.
        names: regimes by index; OTHER is one of them.
        most: regimes kept apart, not counting OTHER.

    Attributes:
        cells, observations, blocks: as above.
    """

    def __init__(self, settings: EvidenceSettings, names: Sequence[str], most: int) -> None:
        self._names, self._most = names, most
        self._codes = {name: code for code, name in enumerate(names)}
        self._sums = nothing_summed(settings.decay, change=settings.change)
        self.cells: dict[int, CellValues] = {}
        self.observations: dict[int, int] = {}
        self.blocks: dict[int, Blocks] = {}

    def add(self, regimes: Sequence[int], policies: Sequence[int], pnl: Sequence[float]) -> None:
        """Add observations, oldest first."""
        if not regimes:
            return
        columns = index_column(regimes), index_column(policies), np.array(pnl, dtype=np.float64)
        sums = self._sums = with_observations(self._sums, self._names, *columns, self._most, exactly=True)
        codes, found = self._codes, sums.regimes
        self.cells = {
            codes[name]: [number for cell in cells for number in (cell.weight, cell.pnl, cell.squared_pnl)]
            for name, cells in found.items()
        }
        self.observations = {codes[name]: sums.count_of(name) for name in found}
        self.blocks = {codes[name]: each for name, each in (sums.blocks or {}).items()}
