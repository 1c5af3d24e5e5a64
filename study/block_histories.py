"""Histories of many worlds side by side that keep blocks too: what the evidence with change rests on, as arrays."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.change.beginnings import (
    PRIOR_OBSERVATIONS,
    least_apart,
    squared_spread,
)
from strategic_memory_server.evidence.change.blocks import FULL, MOST, cells_of_numbers
from strategic_memory_server.evidence.change.residuals import FARTHEST, MOST_CARRIED
from strategic_memory_server.evidence.change_figures import ChangeFigures
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.histories import Codes, Histories

_LENGTH, _IS_THERE = 0, 1


class BlockHistories(Histories):
    """The sums of independent histories and their blocks, by the update rules of the estimator.

    Args:
        worlds: how many.
        regimes: number of regimes in each.
        decay: weight that an observation keeps when one more of its regime arrives.
    """

    def __init__(self, worlds: int, regimes: int, decay: float) -> None:
        super().__init__(worlds, regimes, decay)
        # L, whether the block is there, then w, x and y by policy.
        self._blocks = np.zeros((worlds, regimes, MOST, 11))
        self._blocks[..., 0, _IS_THERE] = 1.0
        self._last = np.zeros((worlds, regimes), dtype=np.intp)
        # The newest one, the sum of their squares, and of each times the one before.
        self._residuals = np.zeros((worlds, regimes, 3))

    def observe(self, regime: Codes, policy: Codes, pnl: Floats) -> None:
        """Add one observation to each history; arrays of shape (worlds,)."""
        super().observe(regime, policy, pnl)
        at = self._worlds, regime, self._last[self._worlds, regime]
        self._blocks[(*at, np.full_like(policy, _LENGTH))] += 1.0
        for place, value in ((2, np.ones_like(pnl)), (5, pnl), (8, np.square(pnl))):
            self._blocks[(*at, place + policy)] += value
        self._add_residual(regime, policy, pnl)
        full = np.flatnonzero(self._blocks[(*at, np.full_like(policy, _LENGTH))] >= FULL)
        if full.size:
            self._close(full, regime[full])

    def figures(self, settings: EvidenceSettings, worlds: Codes | None = None) -> ChangeFigures:
        """Return the figures with change, of some worlds or of all."""
        some = slice(None) if worlds is None else worlds
        blocks = cells_of_numbers(self._blocks[some], _share_that_tells(self._residuals[some]))
        return ChangeFigures(self.cells(worlds), blocks, settings)

    def _add_residual(self, regime: Codes, policy: Codes, pnl: Floats) -> None:
        at, each = (self._worlds, regime), self._worlds
        weight, earned, squares = np.moveaxis(self._sums[at], -1, 0)
        square = squared_spread(weight, squares)[each, policy]
        expected = earned[each, policy] / (PRIOR_OBSERVATIONS + weight[each, policy])
        newest = np.clip((pnl - expected) / np.sqrt(square), -FARTHEST, FARTHEST)
        before, squared, products = np.moveaxis(self._residuals[at], -1, 0)
        self._residuals[at] = np.stack((newest, squared + newest * newest, products + newest * before), axis=-1)

    def _close(self, worlds: Codes, regimes: Codes) -> None:
        """Close the newest block of a regime of some worlds, and begin an empty one."""
        blocks, last = self._blocks[worlds, regimes], self._last[worlds, regimes]
        many = last == MOST - 1
        if many.any():
            sums = self._sums[worlds[many], regimes[many]]
            tells = _share_that_tells(self._residuals[worlds[many], regimes[many]])
            place = least_apart(cells_of_numbers(blocks[many], tells), squared_spread(sums[..., 0], sums[..., 2]))
            blocks[many] = _merged(blocks[many], place)
        last = np.where(many, last, last + 1)
        blocks[np.arange(len(worlds)), last, _IS_THERE] = 1.0
        self._blocks[worlds, regimes], self._last[worlds, regimes] = blocks, last


def _share_that_tells(residuals: Floats) -> Floats:
    squares, products = np.maximum(residuals[..., 1], 1.0), residuals[..., 2]
    carried = np.clip(products / squares - 1.0 / np.sqrt(squares), 0.0, MOST_CARRIED)
    share: Floats = np.where(residuals[..., 1] < 1.0, 1.0, (1.0 - carried) / (1.0 + carried))
    return share


def _merged(blocks: Floats, place: Codes) -> Floats:
    """Make one block of two neighbours; the last one is free then."""
    each = np.arange(len(blocks))
    from_place = np.arange(MOST - 1) + (np.arange(MOST - 1) > place[:, None])
    found = np.zeros_like(blocks)
    found[:, :-1] = blocks[each[:, None], from_place]
    found[each, place] += blocks[each, place + 1]
    found[each, place, _IS_THERE] = 1.0
    return found
