"""How long it takes to follow when the best policy of a regime changes.

Worlds: gap/spread 0.3 as in `best_policy.py`, 2,000 observations (Markov chain that stays with probability 0.98,
policies at random), default decay. Then, in one regime, the order of the policies is drawn anew among those with
another best one, and more observations of that regime come, policies at random. Right: the policy with the highest
utility is the new best one. The figure is the number of observations of that regime at which a share of the worlds is
right for the first time, looked at every tenth; half of the worlds are made.

The longer the history before the change, the longer it takes to outweigh it; the last rows show the longest there is.
"""

from __future__ import annotations

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.figures import figures_of
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.histories import Codes, Histories
from study.options import Options
from study.row import Row, at_most
from study.worlds import POLICIES, REGIMES, ordered_means, regime_paths, share

BEFORE, AFTER = 2_000, 1_000
_GAP, _EVERY = 0.3, 10
_LONG = 4
_CHANGED = 0
_HOLDS = {0.5: 300.0, 0.8: 520.0}


def rows(options: Options) -> list[Row]:
    """Measure when half and when 80 % of the worlds are right, after a short and after a long history."""
    generator, worlds = options.generator("change"), options.share_of_worlds(2)
    usual = _right(generator, worlds, BEFORE)
    long = _right(generator, worlds, _LONG * BEFORE)
    return [
        *(_row(f"after {BEFORE:,} observations", usual, part, _HOLDS[part]) for part in _HOLDS),
        *(_row(f"after {_LONG * BEFORE:,} observations", long, part, None) for part in _HOLDS),
    ]


def _row(named: str, right: Floats, part: float, bound: float | None) -> Row:
    """Make a row; the standard error is that of the share, over the slope of the share there."""
    curve = right.mean(axis=0)
    reached = np.flatnonzero(curve >= part)
    test = f"best policy changes {named}: observations until {part:.0%} of worlds are right"
    hold = None if bound is None else at_most(bound)
    if not reached.size:
        return Row(test, float("inf"), hold)
    place = int(reached[0])
    near = slice(max(place - 5, 0), place + 6)
    slope = np.polyfit(np.arange(near.start, near.start + curve[near].size) * _EVERY, curve[near], 1)[0]
    error = share(right[:, place])[1] / max(float(slope), 1e-4)
    return Row(test, float((place + 1) * _EVERY), hold, error)


def _right(generator: np.random.Generator, worlds: int, before: int) -> Floats:
    """Say for each world and query after the change whether the best policy is found."""
    settings = EvidenceSettings()
    mean = ordered_means(generator, worlds, _GAP)
    histories = Histories(worlds, REGIMES, settings.decay)
    regimes = regime_paths(generator, worlds, before)
    for step in range(before):
        _observe(generator, histories, regimes[:, step], mean)
    mean[:, _CHANGED] = _other_order(generator, mean[:, _CHANGED])
    best = mean[:, _CHANGED].argmax(axis=-1)
    right = []
    for step in range(AFTER):
        _observe(generator, histories, np.full(worlds, _CHANGED), mean)
        if step % _EVERY == _EVERY - 1:
            utility = figures_of(histories.cells(), settings).utility.mean
            right.append(utility[:, _CHANGED].argmax(axis=-1) == best)
    return np.stack(right, axis=1).astype(np.float64)


def _observe(generator: np.random.Generator, histories: Histories, regime: Codes, mean: Floats) -> None:
    worlds = len(regime)
    policy = generator.integers(0, POLICIES, worlds)
    histories.observe(regime, policy, mean[np.arange(worlds), regime, policy] + generator.standard_normal(worlds))


def _other_order(generator: np.random.Generator, mean: Floats) -> Floats:
    """Permute the means of each world at random so that another policy is the best one."""
    permuted = generator.permuted(mean, axis=-1)
    while (same := permuted.argmax(axis=-1) == mean.argmax(axis=-1)).any():
        permuted[same] = generator.permuted(mean[same], axis=-1)
    return permuted
