"""The two libraries that exploration is compared with, one bandit for each regime.

Neither is needed for anything else, so they are imported when they are used (`make study` installs them). Both are UCB1
(Auer, Cesa-Bianchi and Fischer, Machine Learning 47, 2002) with their own defaults, on pnl whose spread is 1.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any, Protocol

from study.worlds import POLICIES

_ARMS = list(range(POLICIES))


class Bandit(Protocol):
    """Chooses a policy and learns from what it earned."""

    def choose(self) -> int:
        """Choose a policy."""
        ...

    def learn(self, policy: int, pnl: float) -> None:
        """Take note of what the policy earned."""
        ...


class RiverUcb:
    """`river.bandit.UCB` with delta 1."""

    def __init__(self, seed: int) -> None:
        self._policy: Any = importlib.import_module("river.bandit").UCB(delta=1.0, seed=seed)

    def choose(self) -> int:
        """Choose a policy."""
        return int(self._policy.pull(_ARMS))

    def learn(self, policy: int, pnl: float) -> None:
        """Take note of what the policy earned."""
        self._policy.update(policy, pnl)


class MabWiserUcb1:
    """`mabwiser.mab.MAB` with `LearningPolicy.UCB1(alpha=1)`; every policy is tried once first."""

    def __init__(self, seed: int) -> None:
        mab: Any = importlib.import_module("mabwiser.mab")
        self._policy: Any = mab.MAB(_ARMS, mab.LearningPolicy.UCB1(alpha=1.0), seed=seed)
        self._untried = list(_ARMS)
        self._first: dict[int, float] = {}

    def choose(self) -> int:
        """Choose a policy."""
        return self._untried[0] if self._untried else int(self._policy.predict())

    def learn(self, policy: int, pnl: float) -> None:
        """Take note of what the policy earned."""
        if self._untried:
            self._untried.remove(policy)
            self._first[policy] = pnl
            if not self._untried:
                self._policy.fit(list(self._first), list(self._first.values()))
            return
        self._policy.partial_fit([policy], [pnl])


BANDITS: dict[str, tuple[str, Callable[[int], Bandit]]] = {
    "river UCB": ("river", RiverUcb),
    "MABWiser UCB1": ("mabwiser", MabWiserUcb1),
}
"""By name: the package that has to be there, and what makes one from a seed."""


def is_installed(name: str) -> bool:
    """Say whether the library of a bandit is there."""
    return importlib.util.find_spec(BANDITS[name][0]) is not None
