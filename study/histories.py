"""Histories of many worlds side by side: the sums of each as arrays, updated by one observation of each world."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.evidence.cells import Cells, Floats

Codes = NDArray[np.intp]


class Histories:
    """The sums of independent histories, by the update rule of the estimator.

    Args:
        worlds: how many.
        regimes: number of regimes in each.
        decay: weight that an observation keeps when one more of its regime arrives.
    """

    def __init__(self, worlds: int, regimes: int, decay: float) -> None:
        self._sums = np.zeros((worlds, regimes, 3, 3))
        self._decay = decay
        self._worlds = np.arange(worlds)
        self.observations = np.zeros((worlds, regimes), dtype=np.intp)
        """Observations of each regime, unweighted."""

    def observe(self, regime: Codes, policy: Codes, pnl: Floats) -> None:
        """Add one observation to each history; arrays of shape (worlds,)."""
        self._sums[self._worlds, regime] *= self._decay
        self._sums[self._worlds, regime, policy] += np.stack((np.ones_like(pnl), pnl, np.square(pnl)), axis=-1)
        self.observations[self._worlds, regime] += 1

    def cells(self, worlds: Codes | None = None) -> Cells:
        """Return the sums as the estimator takes them, of some worlds or of all."""
        sums = self._sums if worlds is None else self._sums[worlds]
        return Cells(sums[..., 0], sums[..., 1], sums[..., 2])
