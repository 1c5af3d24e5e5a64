"""The fifteen scenarios in which exploration is compared with other bandits, all chance in them drawn beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from study.histories import Codes
from study.noise import normal
from study.worlds import ordered_means, regime_paths

SCENARIOS = ("stationary", "shared order", "change points")
GAPS = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Distances between the means of two policies, as shares of the spread of pnl."""

GAP = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Worlds whose regimes, means and noise do not depend on who chooses.

    Attributes:
        regimes: the true one at each step; shape (worlds, length).
        labels: what a detector takes it for, which is all that a learner is told; same shape.
        means: mean pnl of each policy in each regime, by stretch of time; shape (stretches, worlds, regimes, policies).
        noise: what is added to the mean of each policy, if it is chosen; shape (worlds, length, policies).
    """

    regimes: Codes
    labels: Codes
    means: Floats
    noise: Floats

    @property
    def worlds(self) -> int:
        """How many worlds there are."""
        return len(self.regimes)

    @property
    def length(self) -> int:
        """Observations in each world."""
        return int(self.regimes.shape[1])

    def means_at(self, step: int) -> Floats:
        """Return the means of the current regime of each world; shape (worlds, policies)."""
        of_stretch = self.means[step * len(self.means) // self.length]
        means: Floats = of_stretch[np.arange(self.worlds), self.regimes[:, step]]
        return means


def scenario(name: str, generator: np.random.Generator, worlds: int, length: int, gap: float = GAP) -> Scenario:
    """Make a scenario.

    Spread 1; means -gap, 0 and gap in an order of each regime's own (stationary), the same in all regimes (shared
    order), or of each regime's own and drawn anew after each third (change points).
    """
    stretches = 3 if name == "change points" else 1
    shared = name == "shared order"
    regimes = regime_paths(generator, worlds, length)
    means = np.stack([ordered_means(generator, worlds, gap, shared_order=shared) for _ in range(stretches)])
    return Scenario(regimes, regimes, means, normal(generator, worlds, length))
