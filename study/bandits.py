"""The six learners of four libraries that exploration is compared with.

None is needed for anything else, so they are imported when they are used (`make study` installs them). Each has
settings that suit pnl whose spread is 1, and one bandit for each regime; Vowpal Wabbit has one learner that takes the
regime for context. None knows the scenario: the best of the six is found in hindsight.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from study.worlds import POLICIES, REGIMES

_ARMS = list(range(POLICIES))
_COBA_ACTIONS = [tuple(float(arm == other) for other in _ARMS) for arm in _ARMS]
_TRIED_ANYWAY = 0.1


class Bandit(Protocol):
    """Chooses a policy and learns from what it earned."""

    def choose(self) -> int:
        """Choose a policy."""
        ...

    def learn(self, policy: int, pnl: float) -> None:
        """Take note of what the policy earned."""
        ...


class River:
    """A policy of `river.bandit`."""

    def __init__(self, policy: object) -> None:
        self._policy: Any = policy

    def choose(self) -> int:
        """Choose a policy."""
        return int(self._policy.pull(_ARMS))

    def learn(self, policy: int, pnl: float) -> None:
        """Take note of what the policy earned."""
        self._policy.update(policy, pnl)


def river_ucb(seed: int) -> Bandit:
    """`UCB` with delta 1: UCB1 (Auer, Cesa-Bianchi and Fischer, Machine Learning 47, 2002)."""
    return River(importlib.import_module("river.bandit").UCB(delta=1.0, seed=seed))


def river_fading_greedy(seed: int) -> Bandit:
    """`EpsilonGreedy` that forgets: an exponentially weighted mean with a fading factor of 0.01, epsilon 0.1."""
    reward = importlib.import_module("river.stats").EWMean(fading_factor=0.01)
    policy: Any = importlib.import_module("river.bandit").EpsilonGreedy
    return River(policy(epsilon=_TRIED_ANYWAY, reward_obj=reward, seed=seed))


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


class Coba:
    """A learner of `coba.learners`, without context."""

    def __init__(self, learner: object) -> None:
        self._learner: Any = learner

    def choose(self) -> int:
        """Choose a policy."""
        return _COBA_ACTIONS.index(tuple(self._learner.predict(None, _COBA_ACTIONS)[0]))

    def learn(self, policy: int, pnl: float) -> None:
        """Take note of what the policy earned."""
        self._learner.learn(None, _COBA_ACTIONS[policy], pnl, 1.0)


def coba_ucb(seed: int) -> Bandit:
    """`BanditUCBLearner`: UCB1-tuned."""
    return Coba(importlib.import_module("coba.learners").BanditUCBLearner(seed=seed))


def coba_thompson(seed: int) -> Bandit:
    """`LinTSLearner` with v 1 and no feature but the policy: Thompson sampling of normal means."""
    return Coba(importlib.import_module("coba.learners").LinTSLearner(v=1.0, features=["a"], seed=seed))


class VowpalWabbit:
    """One regime of a workspace that all regimes of a world share.

    Args:
        workspace: the learner.
        regime: which regime; its context.
        chance: draws the policy by the probabilities that the learner gives.
    """

    def __init__(self, workspace: object, regime: int, chance: random.Random) -> None:
        self._workspace: Any = workspace
        self._context = f"| regime_{regime}"
        self._chance = chance
        self._probability = 1.0

    def choose(self) -> int:
        """Choose a policy."""
        probabilities = self._workspace.predict(self._context)
        chosen = self._chance.choices(_ARMS, probabilities)[0]
        self._probability = probabilities[chosen]
        return chosen

    def learn(self, policy: int, pnl: float) -> None:
        """Take note of what the policy earned; a cost is a negative pnl, and policies count from 1."""
        self._workspace.learn(f"{policy + 1}:{-pnl}:{self._probability} {self._context}")


def vowpal_wabbit(seed: int) -> Sequence[Bandit]:
    """`vowpalwabbit.Workspace("--cb_explore 3 --softmax --lambda 10")`."""
    wabbit: Any = importlib.import_module("vowpalwabbit")
    options = f"--cb_explore {POLICIES} --softmax --lambda 10 --random_seed {seed} --quiet"
    workspace, chance = wabbit.Workspace(options), random.Random(seed)
    return [VowpalWabbit(workspace, regime, chance) for regime in range(REGIMES)]


def for_each_regime(make: Callable[[int], Bandit]) -> Callable[[int], Sequence[Bandit]]:
    """Give each regime of a world a bandit of its own."""
    return lambda seed: [make(seed * REGIMES + regime) for regime in range(REGIMES)]


BANDITS: Mapping[str, tuple[str, Callable[[int], Sequence[Bandit]]]] = {
    "river UCB": ("river", for_each_regime(river_ucb)),
    "MABWiser UCB1": ("mabwiser", for_each_regime(MabWiserUcb1)),
    "coba Thompson sampling": ("coba", for_each_regime(coba_thompson)),
    "coba UCB1-tuned": ("coba", for_each_regime(coba_ucb)),
    "river fading epsilon-greedy": ("river", for_each_regime(river_fading_greedy)),
    "Vowpal Wabbit": ("vowpalwabbit", vowpal_wabbit),
}
"""By name: the package that has to be there, and what makes the bandits of one world, by regime, from a seed."""


def is_installed(name: str) -> bool:
    """Say whether the library of a bandit is there."""
    return importlib.util.find_spec(BANDITS[name][0]) is not None
