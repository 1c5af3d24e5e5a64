"""How long each estimator takes to follow when the best policy of a regime changes.

Worlds: gap/spread 0.3 or 0.1 as in `best_policy.py`, 2,000 observations (Markov chain that stays with probability 0.98,
policies at random), default settings. Then, in one regime, the order of the policies is drawn anew among those with
another best one, and more observations of that regime come, policies at random. Right: the policy with the highest
utility is the new best one. The figure is the number of observations of that regime at which a share of the worlds is
right for the first time, looked at every tenth; half of the worlds are made.

The longer the history before the change, the longer it takes to outweigh it; the last rows show the longest there is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.histories import Codes
from study.learners import CHANGING, DECAYING, LEARNERS, Learner
from study.options import Options
from study.row import Row, at_most
from study.worlds import POLICIES, REGIMES, ordered_means, regime_paths, share

BEFORE, AFTER = 2_000, 1_000
_GAP, _SMALL_GAP, _EVERY = 0.3, 0.1, 10
_LONG, _LONGER_AFTER = 4, 2
_CHANGED = 0
_PARTS = (0.5, 0.8)
_HOLDS = {(DECAYING, 0.5): 300.0, (DECAYING, 0.8): 520.0, (CHANGING, 0.8): 250.0}


def rows(options: Options) -> list[Row]:
    """Measure when half and 80 % of the worlds are right after a short history and, unless short, after a long one."""
    generator, worlds = options.generator("change"), options.share_of_worlds(2)
    usual = _right(generator, worlds, _GAP, BEFORE, AFTER)
    held = _rows(f"after {BEFORE:,} observations", usual, _HOLDS)
    if options.short:
        return held
    long = _right(generator, worlds, _GAP, _LONG * BEFORE, AFTER)
    small = _right(options.generator("change, small gap"), worlds, _SMALL_GAP, BEFORE, _LONGER_AFTER * AFTER)
    return [
        *held,
        *_rows(f"after {_LONG * BEFORE:,} observations", long, {}),
        *_rows(f"after {BEFORE:,} observations, gap/spread {_SMALL_GAP:g}", small, {}),
    ]


def _rows(named: str, right: Mapping[str, Floats], holds: Mapping[tuple[str, float], float]) -> list[Row]:
    return [
        _row(named, right[learner], part, holds.get((learner, part)), learner) for part in _PARTS for learner in right
    ]


def _row(named: str, right: Floats, part: float, bound: float | None, learner: str) -> Row:
    """Make a row; the standard error is that of the share, over the slope of the share there."""
    curve = right.mean(axis=0)
    reached = np.flatnonzero(curve >= part)
    test = f"best policy changes {named}: observations until {part:.0%} of worlds are right"
    hold = None if bound is None else at_most(bound)
    if not reached.size:
        return Row(test, float("inf"), hold, learner=learner)
    place = int(reached[0])
    near = slice(max(place - 5, 0), place + 6)
    slope = np.polyfit(np.arange(near.start, near.start + curve[near].size) * _EVERY, curve[near], 1)[0]
    error = share(right[:, place])[1] / max(float(slope), 1e-4)
    return Row(test, float((place + 1) * _EVERY), hold, error, learner=learner)


def _right(generator: np.random.Generator, worlds: int, gap: float, before: int, after: int) -> dict[str, Floats]:
    """Say by estimator, for each world and query after the change, whether the best policy is found."""
    mean = ordered_means(generator, worlds, gap)
    learners = {name: make(worlds, REGIMES, EvidenceSettings()) for name, make in LEARNERS.items()}
    regimes = regime_paths(generator, worlds, before)
    for step in range(before):
        _observe(generator, list(learners.values()), regimes[:, step], mean)
    mean[:, _CHANGED] = _other_order(generator, mean[:, _CHANGED])
    best, changed = mean[:, _CHANGED].argmax(axis=-1), np.full(worlds, _CHANGED)
    right: dict[str, list[Floats]] = {name: [] for name in learners}
    for step in range(after):
        _observe(generator, list(learners.values()), changed, mean)
        if step % _EVERY == _EVERY - 1:
            for name, learner in learners.items():
                utility = learner.figures(changed).utility.mean[:, 0]
                right[name].append((utility.argmax(axis=-1) == best).astype(np.float64))
    return {name: np.stack(found, axis=1) for name, found in right.items()}


def _observe(generator: np.random.Generator, learners: list[Learner], regime: Codes, mean: Floats) -> None:
    worlds = len(regime)
    policy = generator.integers(0, POLICIES, worlds)
    pnl = mean[np.arange(worlds), regime, policy] + generator.standard_normal(worlds)
    for learner in learners:
        learner.observe(regime, policy, pnl)


def _other_order(generator: np.random.Generator, mean: Floats) -> Floats:
    """Permute the means of each world at random so that another policy is the best one."""
    permuted = generator.permuted(mean, axis=-1)
    while (same := permuted.argmax(axis=-1) == mean.argmax(axis=-1)).any():
        permuted[same] = generator.permuted(mean[same], axis=-1)
    return permuted
