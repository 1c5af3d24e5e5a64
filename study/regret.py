"""What exploring costs against the libraries that others use for it.

Regret: the mean pnl of the regime's best policy less that of the policy chosen, summed over 4,000 observations (when
short, 1,000). Worlds: the fifteen of `scenarios.py` (three kinds, five gaps) and those of `made_worlds.py`, of each of
which a hundredth is made. The estimators explore with their default settings; their rivals are six learners of four
libraries (`bandits.py`). All meet the same regimes and noise.

The ratio is that of the mean regret to that of the best of the six, which is known in hindsight alone: none of them is
the best one everywhere. Its standard error is that of the paired differences, as if the best one had been known. Beside
it, the two that are UCB1 on the three scenarios of gap 0.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.bandits import BANDITS, Bandit, is_installed
from study.learners import KNOWN_LIMITS, LEARNERS
from study.made_worlds import MADE_WORLDS, made_world
from study.options import Options
from study.playing import regret_of_bandits, regret_of_learner
from study.row import Row, at_most
from study.scenarios import GAP, GAPS, SCENARIOS, Scenario, scenario
from study.worlds import REGIMES

LENGTH, _SHORT_LENGTH = 4_000, 1_000
_WORLDS_DIVISOR = 100

FIFTEEN = {f"{kind}, gap {gap:g}": (kind, gap) for kind in SCENARIOS for gap in GAPS}
"""Kind and gap of the fifteen scenarios, by name."""

_GROUPS = {"fifteen scenarios": (tuple(FIFTEEN), 0.83, 1.10), "made worlds": (MADE_WORLDS, 0.93, 1.10)}
"""Which worlds are summed up together, and the bounds of mean and worst ratio."""

_UCB1, _AGAINST_UCB1 = ("river UCB", "MABWiser UCB1"), 0.95

Rivals = Mapping[str, Callable[[int], Sequence[Bandit]]]
Regrets = Mapping[str, Floats]
"""Regret of each world, by the name of who played it."""


def rows(options: Options) -> list[Row]:
    """Measure the regret of each estimator against the libraries; a row for each that is not installed."""
    missing = [name for name in BANDITS if not is_installed(name)]
    if missing:
        return [
            Row(f"regret against {name}: not installed, run `make study`", math.nan, at_most(1.0)) for name in missing
        ]
    rivals = {name: make for name, (_, make) in BANDITS.items()}
    found = {name: regrets(played(options, name), rivals) for names, _, _ in _GROUPS.values() for name in names}
    return [
        *(row for group in _GROUPS for row in _summary(group, found, options)),
        *(_against_ucb1(found, rival, learner, options) for rival in _UCB1 for learner in LEARNERS),
        *(row for name in found for row in rows_of(name, found[name])),
    ]


def rows_of(name: str, found: Regrets) -> list[Row]:
    """Return the ratio of each estimator to the best rival in one kind of worlds."""
    return [
        Row(f"regret over the best of the libraries, {name}", ratio, None, error, learner=learner)
        for learner in LEARNERS
        for ratio, error in [against_best(found, learner)]
    ]


def _summary(group: str, found: Mapping[str, Regrets], options: Options) -> list[Row]:
    """Say for each estimator how high the ratios are on average, and where they are the highest."""
    names, held_mean, held_worst = _GROUPS[group]
    rows = []
    for learner in LEARNERS:
        ratios = [against_best(found[name], learner) for name in names]
        for named, (ratio, error), bound in (
            ("mean", _mean(ratios), held_mean),
            ("worst", max(ratios), held_worst),
        ):
            # A short run plays a quarter of the length, where nobody has learnt much yet.
            hold = None if options.short else at_most(bound)
            test = f"regret over the best of six, {group}, {named}"
            rows.append(Row(test, ratio, hold, error, limit=KNOWN_LIMITS[learner], learner=learner))
    return rows


def _against_ucb1(found: Mapping[str, Regrets], rival: str, learner: str, options: Options) -> Row:
    names = [f"{kind}, gap {GAP:g}" for kind in SCENARIOS]
    mean, error = _mean([ratio_of(found[name][learner], found[name][rival]) for name in names])
    hold = None if options.short else at_most(_AGAINST_UCB1)
    return Row(f"regret against {rival}, mean of the three with gap {GAP:g}", mean, hold, error, learner=learner)


def _mean(ratios: Sequence[tuple[float, float]]) -> tuple[float, float]:
    errors = np.array([error for _, error in ratios])
    return float(np.mean([ratio for ratio, _ in ratios])), float(np.sqrt(np.square(errors).sum())) / len(ratios)


def against_best(found: Regrets, learner: str) -> tuple[float, float]:
    """Return the ratio to the rival whose mean regret is the lowest, and its standard error."""
    rivals = [name for name in found if name not in LEARNERS]
    return ratio_of(found[learner], found[min(rivals, key=lambda rival: float(found[rival].mean()))])


def ratio_of(ours: Floats, theirs: Floats) -> tuple[float, float]:
    """Return the ratio of two mean regrets over the same worlds, and its standard error (delta method)."""
    ratio = float(ours.mean() / theirs.mean())
    error = float((ours - ratio * theirs).std(ddof=1) / np.sqrt(ours.size) / theirs.mean())
    return ratio, error


def played(options: Options, name: str) -> Scenario:
    """Make the worlds of one kind."""
    generator, worlds = options.generator(f"regret {name}"), options.share_of_worlds(_WORLDS_DIVISOR)
    length = _SHORT_LENGTH if options.short else LENGTH
    if name in MADE_WORLDS:
        return made_world(name, generator, worlds, length)
    kind, gap = FIFTEEN[name]
    return scenario(kind, generator, worlds, length, gap)


def regrets(worlds: Scenario, rivals: Rivals, learners: Sequence[str] = tuple(LEARNERS)) -> Regrets:
    """Let everybody play the same worlds."""
    settings = EvidenceSettings(explore=True)
    ours = {name: regret_of_learner(worlds, LEARNERS[name](worlds.worlds, REGIMES, settings)) for name in learners}
    return ours | {name: regret_of_bandits(worlds, make) for name, make in rivals.items()}
