"""The filter against Bayes' rule over every path of states, and the names of states from fit to fit."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from strategic_memory_server.regimes.gaussian_states import Floats, GaussianStates
from strategic_memory_server.regimes.label import BEAR, BULL, RANGE, VOLATILE
from strategic_memory_server.regimes.state_names import name_states

TWO = GaussianStates(np.array([0.1, -0.3]), np.array([0.5, 1.5]), np.array([[0.9, 0.1], [0.3, 0.7]]))
STICKY = np.array([[0.98, 0.01, 0.01], [0.01, 0.98, 0.01], [0.01, 0.01, 0.98]])


def by_every_path(states: GaussianStates, changes: list[float]) -> Floats:
    k = len(states.means)
    weights = np.zeros(k)
    for path in product(range(k), repeat=len(changes) + 1):
        weight = 1.0 / k
        for before, after, change in zip(path, path[1:], changes, strict=False):
            weight *= states.transitions[before, after]
            weight *= stats.norm.pdf(change, states.means[after], states.deviations[after])
        weights[path[-1]] += weight
    found: Floats = weights / weights.sum()
    return found


def test_filtered_probabilities_are_those_of_bayes() -> None:
    changes = [0.3, -2.0, 0.1, 1.7, 0.0]
    for seen in range(1, len(changes) + 1):
        np.testing.assert_allclose(TWO.run(np.array(changes[:seen])), by_every_path(TWO, changes[:seen]), rtol=1e-12)


def test_a_return_beyond_every_density_leaves_probabilities() -> None:
    far = TWO.step(np.array([0.5, 0.5]), 1e9)
    assert far.sum() == pytest.approx(1.0)
    never = GaussianStates(np.zeros(2), np.array([1.0, 1e-200]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert never.step(np.array([0.0, 1.0]), 3.0).tolist() == [0.0, 1.0]


def test_the_long_run_shares_stand_still() -> None:
    shares = TWO.shares()
    np.testing.assert_allclose(shares @ TWO.transitions, shares)
    np.testing.assert_allclose(shares, [0.75, 0.25])


def model(*states: tuple[float, float]) -> GaussianStates:
    means, deviations = np.array(states).T
    return GaussianStates(means, deviations, STICKY[: len(states), : len(states)])


def test_states_are_named_by_mean_and_deviation() -> None:
    assert name_states(model((0.1, 1.0), (-0.1, 1.0), (0.0, 1.1)), None, []) == [BULL, BEAR, RANGE]
    assert name_states(model((0.0, 3.0), (0.0, 1.0), (0.1, 1.1)), None, []) == [VOLATILE, RANGE, BULL]


def test_a_refit_in_another_order_keeps_the_names() -> None:
    before = model((0.1, 1.0), (-0.1, 1.2), (0.0, 3.0))
    names = name_states(before, None, [])
    assert names == [BULL, BEAR, VOLATILE]
    assert name_states(model((0.01, 2.9), (0.09, 1.05), (-0.11, 1.2)), before, names) == [VOLATILE, BULL, BEAR]


def test_a_name_holds_until_the_state_contradicts_it() -> None:
    before = model((0.06, 1.0), (0.0, 1.6), (-0.06, 1.0))
    names = name_states(before, None, [])
    assert names == [BULL, VOLATILE, BEAR]
    weaker = model((0.02, 1.0), (0.0, 1.3), (-0.02, 1.0))
    assert name_states(weaker, before, names) == [BULL, VOLATILE, BEAR]
    assert name_states(weaker, None, []) == [RANGE, RANGE, RANGE]
    assert name_states(model((-0.02, 1.0), (0.0, 1.3), (-0.06, 1.0)), before, names)[0] != BULL
