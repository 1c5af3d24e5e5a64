"""What exploring costs against the libraries that others use for it.

Regret: the mean pnl of the regime's best policy less that of the policy chosen, summed over 4,000 observations; see
`scenarios.py` for the worlds, of which a twentieth is made for each scenario. The estimator explores with its default
settings, change points or not; its rivals have one bandit for each regime (`bandits.py`). All meet the same regimes and
noise. The ratio is that of the mean regrets, averaged over the scenarios; its standard error is that of the paired
differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.exploration import Exploration, next_trial, optimistic_worth
from strategic_memory_server.evidence.figures import figures_of
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.bandits import BANDITS, Bandit, is_installed
from study.histories import Codes, Histories
from study.options import Options
from study.row import Row, at_most
from study.scenarios import SCENARIOS, Scenario, scenario
from study.worlds import REGIMES

LENGTH = 4_000
_WORLDS_DIVISOR = 20
_BOUND = 0.95


def rows(options: Options) -> list[Row]:
    """Measure the regret of the estimator against each library that is installed."""
    installed = {name: make for name, (_, make) in BANDITS.items() if is_installed(name)}
    missing = [
        Row(f"regret against {name}: not installed, run `make study`", math.nan, at_most(_BOUND))
        for name in BANDITS
        if name not in installed
    ]
    return [*(rows_against(options, installed) if installed else []), *missing]


def rows_against(options: Options, rivals: Mapping[str, Callable[[int], Bandit]], length: int = LENGTH) -> list[Row]:
    """Measure the regret of the estimator against some bandits, by name: the means first, then each scenario."""
    ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in rivals}
    for name in SCENARIOS:
        played = scenario(name, options.generator(f"regret {name}"), options.share_of_worlds(_WORLDS_DIVISOR), length)
        ours = regret_of_estimator(played, EvidenceSettings(explore=True))
        for rival, make in rivals.items():
            ratios[rival].append(ratio_of(ours, regret_of_bandit(played, make)))
    of_scenarios = [
        Row(f"regret against {rival}, {name}", ratio, None, error)
        for rival in rivals
        for name, (ratio, error) in zip(SCENARIOS, ratios[rival], strict=True)
    ]
    return [*(_mean_row(rival, ratios[rival]) for rival in rivals), *of_scenarios]


def _mean_row(rival: str, ratios: list[tuple[float, float]]) -> Row:
    mean = float(np.mean([ratio for ratio, _ in ratios]))
    error = float(np.sqrt(np.sum([error**2 for _, error in ratios]))) / len(ratios)
    return Row(f"regret with exploration against {rival}, mean ratio over scenarios", mean, at_most(_BOUND), error)


def ratio_of(ours: Floats, theirs: Floats) -> tuple[float, float]:
    """Return the ratio of two mean regrets over the same worlds, and its standard error (delta method)."""
    ratio = float(ours.mean() / theirs.mean())
    error = float((ours - ratio * theirs).std(ddof=1) / np.sqrt(ours.size) / theirs.mean())
    return ratio, error


def regret_of_estimator(played: Scenario, settings: EvidenceSettings) -> Floats:
    """Play a scenario by the estimator's exploration; regret of each world."""
    histories = Histories(played.worlds, REGIMES, settings.decay)
    explorations = [Exploration() for _ in range(played.worlds)]

    def choose(regimes: Codes) -> Codes:
        return choices(histories, explorations, regimes, settings)

    return _regret(played, choose, histories.observe)


def choices(histories: Histories, explorations: list[Exploration], regimes: Codes, settings: EvidenceSettings) -> Codes:
    """Let each world choose, as `explore` would; only worlds that are free to choose ask the estimator."""
    hold, names = settings.exploration_hold, [str(regime) for regime in regimes.tolist()]
    seen = histories.observations[np.arange(len(names)), regimes].tolist()
    free = [world for world, name in enumerate(names) if not explorations[world].holds(name, seen[world], hold)]
    optimistic = {world: [0.0, 0.0, 0.0] for world in range(len(names))}
    if free:
        utility = figures_of(histories.cells(np.array(free)), settings).utility
        bound = optimistic_worth(utility.mean, utility.deviation, settings.exploration_width)
        optimistic |= dict(zip(free, bound[np.arange(len(free)), regimes[free]].tolist(), strict=True))
    chosen = np.empty(len(names), dtype=np.intp)
    for world, name in enumerate(names):
        chosen[world], explorations[world] = next_trial(explorations[world], name, seen[world], optimistic[world], hold)
    return chosen


def regret_of_bandit(played: Scenario, make: Callable[[int], Bandit]) -> Floats:
    """Play a scenario by one bandit for each world and regime; regret of each world."""
    bandits = [[make(world * REGIMES + regime) for regime in range(REGIMES)] for world in range(played.worlds)]

    def choose(regimes: Codes) -> Codes:
        return np.array([bandits[world][regime].choose() for world, regime in enumerate(regimes.tolist())])

    def learn(regimes: Codes, policies: Codes, pnl: Floats) -> None:
        for world, (regime, policy, earned) in enumerate(
            zip(regimes.tolist(), policies.tolist(), pnl.tolist(), strict=True)
        ):
            bandits[world][regime].learn(policy, earned)

    return _regret(played, choose, learn)


def _regret(
    played: Scenario, choose: Callable[[Codes], Codes], learn: Callable[[Codes, Codes, Floats], None]
) -> Floats:
    total, worlds = np.zeros(played.worlds), np.arange(played.worlds)
    for step in range(played.length):
        regimes, means = played.regimes[:, step], played.means_at(step)
        policies = choose(regimes)
        earned = means[worlds, policies]
        total += means.max(axis=-1) - earned
        learn(regimes, policies, earned + played.noise[:, step])
    return total
