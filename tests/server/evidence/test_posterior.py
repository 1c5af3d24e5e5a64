"""The posterior, regime by regime, against the whole covariance matrix at once."""

from __future__ import annotations

import numpy as np
import pytest
from each_case import each_case

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.posterior import Posterior, posterior_of
from strategic_memory_server.evidence.prior import prior_of

TAUS = (0.03, 0.1, 0.3)


def prior_covariance(regimes: int, tau: float) -> Floats:
    """K, entry by entry; cells in the order of regimes, then policies."""
    cells = [(regime, policy) for regime in range(regimes) for policy in range(3)]
    shares = [
        [0.1 + 0.3 * (r == q) + 0.2 * (p == o) + 0.4 * (r == q and p == o) for (q, o) in cells] for (r, p) in cells
    ]
    return tau**2 * np.array(shares)


def random_sums(seed: int, regimes: int, largest: float) -> tuple[Floats, Floats]:
    generator = np.random.default_rng(seed)
    weight = largest ** generator.random((regimes, 3)) * (generator.random((regimes, 3)) > 0.2)
    return weight, weight * 0.2 * generator.standard_normal((regimes, 3)) + np.sqrt(weight)


@each_case("regimes", [1, 2, 4, 7])
@each_case("largest", [10.0, 1e3, 1e6])
def test_it_equals_the_dense_algebra(regimes: int, largest: float) -> None:
    weight, scaled_sum = random_sums(regimes, regimes, largest)
    found = posterior_of(weight, scaled_sum, prior_of(TAUS))
    for place, tau in enumerate(TAUS):
        prior_precision = np.linalg.inv(prior_covariance(regimes, tau))
        precision = prior_precision + np.diag(weight.ravel())
        covariance = np.linalg.inv(precision)
        mean = covariance @ scaled_sum.ravel()
        np.testing.assert_allclose(found.mean[place].ravel(), mean, rtol=1e-9, atol=1e-12)
        for regime in range(regimes):
            block = slice(3 * regime, 3 * regime + 3)
            np.testing.assert_allclose(found.covariance[place, regime], covariance[block, block], rtol=1e-9)
        expected = 0.5 * (
            np.linalg.slogdet(prior_precision)[1] - np.linalg.slogdet(precision)[1] + mean @ scaled_sum.ravel()
        )
        assert float(found.log_evidence[place]) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_weights_of_tau_are_the_shares_of_the_evidence() -> None:
    weight, scaled_sum = random_sums(5, 4, 100.0)
    found = posterior_of(weight, scaled_sum, prior_of(TAUS))
    evidence = np.exp(found.log_evidence)
    np.testing.assert_allclose(found.tau_weights[:, 0], evidence / evidence.sum(), rtol=1e-12)


def test_without_observations_it_is_the_prior() -> None:
    found = posterior_of(np.zeros((2, 3)), np.zeros((2, 3)), prior_of(TAUS))
    np.testing.assert_array_equal(found.mean, np.zeros((3, 2, 3)))
    np.testing.assert_allclose(found.tau_weights[:, 0], [1 / 3, 1 / 3, 1 / 3])
    for place, tau in enumerate(TAUS):
        np.testing.assert_allclose(found.covariance[place, 0], prior_covariance(1, tau), rtol=1e-12)


def test_a_regime_never_seen_changes_nothing_for_the_others() -> None:
    weight, scaled_sum = random_sums(6, 3, 100.0)
    alone = posterior_of(weight, scaled_sum, prior_of(TAUS))
    beside = posterior_of(
        np.vstack((weight, np.zeros((1, 3)))), np.vstack((scaled_sum, np.zeros((1, 3)))), prior_of(TAUS)
    )
    np.testing.assert_array_equal(beside.mean[:, :3], alone.mean)
    np.testing.assert_array_equal(beside.tau_weights, alone.tau_weights)


def test_histories_side_by_side_do_not_meet() -> None:
    pairs = [random_sums(seed, 4, 1e3) for seed in range(5)]
    together = posterior_of(np.stack([w for w, _ in pairs]), np.stack([b for _, b in pairs]), prior_of(TAUS))
    for place, (weight, scaled_sum) in enumerate(pairs):
        alone = posterior_of(weight, scaled_sum, prior_of(TAUS))
        for name in set(Posterior.__slots__) - {"is_tie"}:
            np.testing.assert_allclose(getattr(together, name)[place], getattr(alone, name), rtol=1e-12)
