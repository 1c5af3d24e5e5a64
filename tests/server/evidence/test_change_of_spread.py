"""What is no change of means is not taken for one: a crash, a wild time, results that depend on each other."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from strategic_memory_server.evidence.cells import block_cells_of, cells_of
from strategic_memory_server.evidence.change.residuals import (
    FARTHEST,
    MOST_CARRIED,
    NO_RESIDUALS,
    Residuals,
    joined_residuals,
    share_that_tells,
    with_residual,
)
from strategic_memory_server.evidence.change_figures import ChangeFigures
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import nothing_summed, updated

SETTINGS = EvidenceSettings(change=True)
COUNT = 400
Series = NDArray[np.float64]
Policies = NDArray[np.intp]


def crashing(noise: Series) -> tuple[Policies, Series]:
    """AGGRESSIVE gains a little nearly always, and loses twenty of its spreads twice."""
    policies = np.where(np.arange(COUNT) < 40, np.arange(COUNT) % 3, 2)
    pnl = np.where(policies == 2, 0.375 + 0.5 * noise, noise)
    pnl[[150, 260]] -= 10.0
    return policies, pnl


def wild(noise: Series) -> tuple[Policies, Series]:
    """The pnl of AGGRESSIVE spreads eight times as widely from the 300th trade on."""
    policies = np.arange(COUNT) % 3
    return policies, np.where(policies == 2, 0.3 + np.where(np.arange(COUNT) > 300, 4.0, 0.5) * noise, noise)


def carried_over(noise: Series) -> tuple[Policies, Series]:
    """Half of what a trade missed or won is in the next one too; a policy is kept for twenty trades."""
    found = noise.copy()
    for place in range(1, COUNT):
        found[place] = 0.5 * found[place - 1] + math.sqrt(0.75) * noise[place]
    return np.arange(COUNT) // 20 % 3, found


@pytest.mark.parametrize(("made", "least"), [(crashing, 0.8), (wild, 0.6), (carried_over, 0.5)])
def test_it_is_no_change_of_means(made: Callable[[Series], tuple[Policies, Series]], least: float) -> None:
    """The probability that nothing has changed at all, where it is the lowest, on average over 12 histories."""
    lowest = []
    for seed in range(12):
        policies, pnl = made(np.random.default_rng([35, seed]).standard_normal(COUNT))
        sums, still = nothing_summed(SETTINGS.decay, change=True), []
        for place, (policy, earned) in enumerate(zip(policies.tolist(), pnl.tolist(), strict=True)):
            sums = updated(sums, "BULL", policy, earned)
            if place > 100 and place % 10 == 5:
                still.append(ChangeFigures(cells_of(sums)[0], block_cells_of(sums), SETTINGS).began[0, 0])
        lowest.append(min(still))
    assert np.mean(lowest) > least


def residuals_of(series: Series) -> Residuals:
    found = NO_RESIDUALS
    for each in series.tolist():
        found = with_residual(found, each)
    return found


def test_results_that_depend_on_the_one_before_count_for_less() -> None:
    noise = np.random.default_rng(36).standard_normal((40, COUNT))
    shares = [share_that_tells(residuals_of(carried_over(each)[1])) for each in noise]
    assert np.mean(shares) == pytest.approx((1.0 - 0.45) / (1.0 + 0.45), abs=0.05), "an autocorrelation of 0.5"
    independent = [share_that_tells(residuals_of(each)) for each in noise]
    assert np.mean(independent) > 0.97
    assert max(independent) == 1.0
    against = [share_that_tells(residuals_of(each * (-1.0) ** np.arange(COUNT))) for each in abs(noise)]
    assert set(against) == {1.0}, "results that turn about their mean are no more certain"


def test_however_alike_results_are_they_count_for_something() -> None:
    alike = residuals_of(np.ones(100_000))
    assert share_that_tells(alike) == pytest.approx((1.0 - MOST_CARRIED) / (1.0 + MOST_CARRIED))
    assert share_that_tells(NO_RESIDUALS) == 1.0
    assert with_residual(NO_RESIDUALS, -1e9) == Residuals(-FARTHEST, FARTHEST**2, 0.0)


def test_residuals_of_two_stretches_are_joined() -> None:
    one, other = residuals_of(np.array([1.0, 2.0])), residuals_of(np.array([0.5]))
    assert joined_residuals(one, other) == Residuals(0.5, 5.25, 2.0)
    assert joined_residuals(one, NO_RESIDUALS) == one
    assert joined_residuals(NO_RESIDUALS, one) == one
