"""Worlds as the prior expects them: some with large differences between policies, most with small ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.prior import COMMON, OWN, POLICY, REGIME
from study.histories import Codes
from study.worlds import POLICIES, REGIMES


@dataclass(frozen=True, slots=True, eq=False)
class MixedWorlds:
    """What is true of some worlds.

    Attributes:
        theta: standardised means, shape (worlds, regimes, policies).
        spread: of pnl, same shape.
        tau: spread of the standardised means, shape (worlds, 1, 1).
        shared: what all regimes of a world share of them, shape (worlds, 1, policies).
    """

    theta: Floats
    spread: Floats
    tau: Floats
    shared: Floats

    @property
    def mean(self) -> Floats:
        """True mean pnl."""
        mean: Floats = self.spread * self.theta
        return mean

    def best(self, risk_aversion: float) -> Codes:
        """Return the policy with the highest true utility in each regime; shape (worlds, regimes)."""
        square = np.square(self.spread) * (1.0 + np.square(self.theta))
        risk = np.sqrt(square.mean(axis=(-2, -1)))[:, None, None]
        best: Codes = (self.mean - 0.5 * risk_aversion * square / risk).argmax(axis=-1)
        return best


def mixed_worlds(generator: np.random.Generator, worlds: int, taus: tuple[float, ...]) -> MixedWorlds:
    """Make worlds.

    tau is drawn from the given ones, the standardised means from the prior given tau, and the spread of each regime and
    of each policy log-uniformly between 1/2 and 2; a cell's is their product.
    """
    tau = generator.choice(taus, size=(worlds, 1, 1))
    common = np.sqrt(COMMON) * generator.standard_normal((worlds, 1, 1))
    regime = np.sqrt(REGIME) * generator.standard_normal((worlds, REGIMES, 1))
    policy = np.sqrt(POLICY) * generator.standard_normal((worlds, 1, POLICIES))
    own = np.sqrt(OWN) * generator.standard_normal((worlds, REGIMES, POLICIES))
    of_regime = np.exp2(generator.uniform(-1.0, 1.0, (worlds, REGIMES, 1)))
    of_policy = np.exp2(generator.uniform(-1.0, 1.0, (worlds, 1, POLICIES)))
    shared = common + policy
    return MixedWorlds(tau * (shared + regime + own), of_regime * of_policy, tau, tau * shared)


def change(generator: np.random.Generator, made: MixedWorlds, at: tuple[Codes, Codes]) -> None:
    """Draw what some regimes do not share with the others anew.

    Args:
        generator: chance.
        made: the worlds, which are changed.
        at: which worlds, and which regime of each.
    """
    count = at[0].size
    regime = np.sqrt(REGIME) * generator.standard_normal((count, 1))
    own = np.sqrt(OWN) * generator.standard_normal((count, POLICIES))
    made.theta[at] = made.shared[at[0], 0] + made.tau[at[0], 0] * (regime + own)
