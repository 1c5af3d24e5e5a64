"""Histories of many worlds side by side that keep blocks too: what the evidence with change rests on, as arrays."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.change.beginnings import log_beginnings, log_of_sum, squared_spread
from strategic_memory_server.evidence.change.blocks import FULL, MOST, BlockCells
from strategic_memory_server.evidence.change_figures import ChangeFigures
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.histories import Codes, Histories

_LENGTH, _BEFORE = 0, 1


class BlockHistories(Histories):
    """The sums of independent histories and their blocks, by the update rules of the estimator.

    Args:
        worlds: how many.
        regimes: number of regimes in each.
        decay: weight that an observation keeps when one more of its regime arrives.
    """

    def __init__(self, worlds: int, regimes: int, decay: float) -> None:
        super().__init__(worlds, regimes, decay)
        # L, F, then w, x and y by policy.
        self._blocks = np.zeros((worlds, regimes, MOST, 11))
        self._blocks[..., 1:, _BEFORE] = -np.inf
        self._last = np.zeros((worlds, regimes), dtype=np.intp)

    def observe(self, regime: Codes, policy: Codes, pnl: Floats) -> None:
        """Add one observation to each history; arrays of shape (worlds,)."""
        super().observe(regime, policy, pnl)
        at = self._worlds, regime, self._last[self._worlds, regime]
        self._blocks[(*at, np.full_like(policy, _LENGTH))] += 1.0
        for place, value in ((2, np.ones_like(pnl)), (5, pnl), (8, np.square(pnl))):
            self._blocks[(*at, place + policy)] += value
        full = np.flatnonzero(self._blocks[(*at, np.full_like(policy, _LENGTH))] >= FULL)
        if full.size:
            self._close(full, regime[full])

    def figures(self, settings: EvidenceSettings, worlds: Codes | None = None) -> ChangeFigures:
        """Return the figures with change, of some worlds or of all."""
        blocks = self._blocks if worlds is None else self._blocks[worlds]
        return ChangeFigures(self.cells(worlds), _cells(blocks), settings)

    def _close(self, worlds: Codes, regimes: Codes) -> None:
        """Close the newest block of a regime of some worlds, and begin an empty one."""
        blocks, sums, last = self._blocks[worlds, regimes], self._sums[worlds, regimes], self._last[worlds, regimes]
        log_evidence = log_of_sum(log_beginnings(_cells(blocks), squared_spread(sums[..., 0], sums[..., 2])))
        many = last == MOST - 1
        blocks[many] = _merged(blocks[many])
        last = np.where(many, last, last + 1)
        blocks[np.arange(len(worlds)), last, _BEFORE] = log_evidence
        self._blocks[worlds, regimes], self._last[worlds, regimes] = blocks, last


def _cells(blocks: Floats) -> BlockCells:
    return BlockCells(blocks[..., _LENGTH], blocks[..., _BEFORE], blocks[..., 2:5], blocks[..., 5:8], blocks[..., 8:])


def _merged(blocks: Floats) -> Floats:
    """Make one block of the two neighbours that are the shortest for their age; the last one is free then."""
    lengths, each = blocks[..., _LENGTH], np.arange(len(blocks))
    until = lengths.cumsum(axis=-1)
    place = ((lengths[:, :-1] + lengths[:, 1:]) / (until[:, -1:] - until[:, 1:] + FULL)).argmin(axis=-1)
    from_place = np.arange(MOST - 1) + (np.arange(MOST - 1) > place[:, None])
    found = np.zeros_like(blocks)
    found[:, :-1] = blocks[each[:, None], from_place]
    before = found[each, place, _BEFORE]
    found[each, place] += blocks[each, place + 1]
    found[each, place, _BEFORE] = before
    return found
