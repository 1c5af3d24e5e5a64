"""Worlds that break what the estimator takes for granted, one thing at a time; gap/spread 0.3 in each.

| world | what it breaks |
| --- | --- |
| t3 tails | pnl is no normal variable: Student's t with 3 degrees of freedom, of variance 1 |
| crash policy | AGGRESSIVE gains a little nearly always, and loses ten spreads in three trades of 400 |
| volatility clusters | the spread of pnl is that of a GARCH(1, 1) process, the same for all policies |
| AR(1) 0.3 | results depend on each other: noise is an autoregression of order 1 over the trades |
| 20 % mislabelled | one label in five, drawn at random, is that of another regime |
| slow drift | means follow a random walk that returns, and forgets a half within 700 observations |
| change every 300 | the order of means is drawn anew after every 300 observations, in all regimes at once |
| ties but one | two policies earn the same, one a gap more |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from study.histories import Codes
from study.noise import carried_over, clustered, crashing, normal, student_t3
from study.scenarios import GAP, Scenario
from study.worlds import POLICIES, REGIMES, ordered_means, regime_paths

MISLABELLED = 0.2
CHANGE_EVERY = 300
_DRIFT_EVERY, _DRIFT_KEPT = 10, 0.99

Noise = Callable[[np.random.Generator, int, int], Floats]
Means = Callable[[np.random.Generator, int, int], Floats]


def mislabelled(generator: np.random.Generator, regimes: Codes, share: float) -> Codes:
    """Replace a share of the labels by that of another regime, each as likely."""
    wrong = generator.random(regimes.shape) < share
    labels: Codes = (regimes + wrong * generator.integers(1, REGIMES, regimes.shape)) % REGIMES
    return labels


def _still(generator: np.random.Generator, worlds: int, length: int) -> Floats:
    del length
    return ordered_means(generator, worlds, GAP)[None]


def _drifting(generator: np.random.Generator, worlds: int, length: int) -> Floats:
    """Ornstein-Uhlenbeck in steps of ten observations; the spread of means over time is that of -gap, 0 and gap."""
    spread = GAP * np.sqrt(2.0 / 3.0)
    means = generator.normal(0.0, spread, (max(length // _DRIFT_EVERY, 1), worlds, REGIMES, POLICIES))
    for step in range(1, len(means)):
        means[step] = _DRIFT_KEPT * means[step - 1] + np.sqrt(1.0 - _DRIFT_KEPT**2) * means[step]
    return means


def _changing(generator: np.random.Generator, worlds: int, length: int) -> Floats:
    return np.stack([ordered_means(generator, worlds, GAP) for _ in range(max(round(length / CHANGE_EVERY), 1))])


def _tied(generator: np.random.Generator, worlds: int, length: int) -> Floats:
    del length
    return np.maximum(ordered_means(generator, worlds, GAP), 0.0)[None]


_WORLDS: Mapping[str, tuple[Means, Noise, float]] = {
    "t3 tails": (_still, student_t3, 0.0),
    "crash policy": (_still, crashing, 0.0),
    "volatility clusters": (_still, clustered, 0.0),
    "AR(1) 0.3": (_still, carried_over, 0.0),
    "20 % mislabelled": (_still, normal, MISLABELLED),
    "slow drift": (_drifting, normal, 0.0),
    "change every 300": (_changing, normal, 0.0),
    "ties but one": (_tied, normal, 0.0),
}
MADE_WORLDS = tuple(_WORLDS)


def made_world(name: str, generator: np.random.Generator, worlds: int, length: int) -> Scenario:
    """Make worlds of one kind."""
    means, noise, wrong = _WORLDS[name]
    regimes = regime_paths(generator, worlds, length)
    labels = mislabelled(generator, regimes, wrong) if wrong else regimes
    return Scenario(regimes, labels, means(generator, worlds, length), noise(generator, worlds, length))
