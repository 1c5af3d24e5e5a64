"""Playing a scenario: who chooses, what it earns, and how much less that is than the best policy would have earned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.exploration import Exploration, next_trial, optimistic_worth
from study.bandits import Bandit
from study.histories import Codes
from study.learners import Learner
from study.scenarios import Scenario


def regret_of_learner(worlds: Scenario, learner: Learner) -> Floats:
    """Play a scenario by an estimator's exploration; regret of each world."""
    explorations = [Exploration() for _ in range(worlds.worlds)]

    def choose(regimes: Codes) -> Codes:
        return choices(learner, explorations, regimes)

    return _regret(worlds, choose, learner.observe)


def choices(learner: Learner, explorations: list[Exploration], regimes: Codes) -> Codes:
    """Let each world choose, as `explore` would; only worlds that are free to choose ask the estimator."""
    hold, names = learner.settings.trial_hold, [str(regime) for regime in regimes.tolist()]
    seen = learner.observations[np.arange(len(names)), regimes].tolist()
    free = [world for world, name in enumerate(names) if not explorations[world].holds(name, seen[world], hold)]
    optimistic = {world: [0.0, 0.0, 0.0] for world in range(len(names))}
    if free:
        utility = learner.figures(regimes[free], np.array(free)).utility
        bound = optimistic_worth(utility.mean, utility.deviation, learner.settings.exploration_width)
        optimistic |= dict(zip(free, bound[:, 0].tolist(), strict=True))
    chosen = np.empty(len(names), dtype=np.intp)
    for world, name in enumerate(names):
        chosen[world], explorations[world] = next_trial(explorations[world], name, seen[world], optimistic[world], hold)
    return chosen


def regret_of_bandits(worlds: Scenario, make: Callable[[int], Sequence[Bandit]]) -> Floats:
    """Play a scenario by the bandits of each world, one for each regime; regret of each world."""
    bandits = [make(world) for world in range(worlds.worlds)]

    def choose(regimes: Codes) -> Codes:
        return np.array([bandits[world][regime].choose() for world, regime in enumerate(regimes.tolist())])

    def learn(regimes: Codes, policies: Codes, pnl: Floats) -> None:
        for world, (regime, policy, earned) in enumerate(
            zip(regimes.tolist(), policies.tolist(), pnl.tolist(), strict=True)
        ):
            bandits[world][regime].learn(policy, earned)

    return _regret(worlds, choose, learn)


def _regret(
    worlds: Scenario, choose: Callable[[Codes], Codes], learn: Callable[[Codes, Codes, Floats], None]
) -> Floats:
    total, each = np.zeros(worlds.worlds), np.arange(worlds.worlds)
    for step in range(worlds.length):
        labels, means = worlds.labels[:, step], worlds.means_at(step)
        policies = choose(labels)
        earned = means[each, policies]
        total += means.max(axis=-1) - earned
        learn(labels, policies, earned + worlds.noise[each, step, policies])
    return total
