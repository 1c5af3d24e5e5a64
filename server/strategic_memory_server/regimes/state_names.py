"""Names the states of a model by their means and deviations, and knows them again in the next fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations

import numpy as np

from strategic_memory_server.regimes.gaussian_states import GaussianStates
from strategic_memory_server.regimes.label import BEAR, BULL, RANGE, VOLATILE

TREND_BARS = 20
"""A state trends where the mean of so many returns would stand out from their noise."""

TRENDS_FROM, TRENDS_UNTIL = 0.2, 0.0
RANGES_UNTIL = 0.4
VOLATILE_FROM, VOLATILE_UNTIL = 1.5, 1.2
"""In deviations of `TREND_BARS` returns, and in typical deviations. A name ends later than it begins."""


def name_states(states: GaussianStates, previous: GaussianStates | None, names: Sequence[str]) -> list[str]:
    """Return a name for each state; those that `previous` had under `names` keep theirs until it is contradicted."""
    typical = _typical_deviation(states)
    widest = int(np.argmax(states.deviations))
    kept: Sequence[str] = [""] * len(states.means)
    if previous is not None:
        kept = [names[old] for old in _same_states(states, previous)]
    found = []
    for index, old in enumerate(kept):
        relative = float(states.deviations[index]) / typical
        trend = float(states.means[index] / states.deviations[index]) * math.sqrt(TREND_BARS)
        volatile = index == widest and relative >= (VOLATILE_UNTIL if old == VOLATILE else VOLATILE_FROM)
        found.append(VOLATILE if volatile else _by_trend(trend, old))
    return found


def _by_trend(trend: float, old: str) -> str:
    if old == BULL and trend > TRENDS_UNTIL:
        return BULL
    if old == BEAR and -trend > TRENDS_UNTIL:
        return BEAR
    begins = RANGES_UNTIL if old == RANGE else TRENDS_FROM
    if trend >= begins:
        return BULL
    return BEAR if -trend >= begins else RANGE


def _typical_deviation(states: GaussianStates) -> float:
    """Return the deviation of the state that is left when the calmer half of the time is taken away."""
    order = np.argsort(states.deviations)
    passed = np.cumsum(states.shares()[order])
    middle = min(int(np.searchsorted(passed, 0.5)), len(order) - 1)
    return float(states.deviations[order[middle]])


def _same_states(states: GaussianStates, previous: GaussianStates) -> tuple[int, ...]:
    """Return for each state the one of `previous` that it continues: the matching with the least total difference."""
    means = (states.means[:, None] - previous.means[None, :]) / previous.deviations[None, :]
    deviations = np.log(states.deviations[:, None] / previous.deviations[None, :])
    difference = np.abs(means) + np.abs(deviations)
    rows = np.arange(len(states.means))
    return min(permutations(range(len(rows))), key=lambda columns: float(difference[rows, list(columns)].sum()))
