"""P(best): against adaptive integration, scipy's multivariate normal, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from each_case import each_case
from scipy import stats
from server.evidence.dense_evidence import both_positive

from strategic_memory_server.evidence.best_policy import probability_best, probability_both_positive
from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.utility import Utility

NO_MIXTURE = np.array([[1.0]])


def utility(mean: list[float], covariance: Floats) -> Utility:
    """One regime and one tau."""
    by_tau = np.array(mean)[None, None]
    return Utility(by_tau, covariance[None, None], by_tau[0], by_tau[0], np.sqrt(np.diagonal(covariance))[None])


def random_covariance(seed: int) -> Floats:
    """A covariance of three utilities, with spreads that differ by up to a thousand."""
    generator = np.random.default_rng(seed)
    factor = generator.standard_normal((3, 3)) + np.eye(3)
    spread = 10.0 ** generator.uniform(-1.5, 1.5, 3)
    covariance: Floats = (factor @ factor.T) * np.outer(spread, spread)
    return covariance


@pytest.mark.parametrize(
    ("correlation", "within"),
    [(0.0, 1e-14), (0.5, 1e-14), (-0.7, 1e-14), (0.95, 1e-14), (0.999, 1e-8), (0.9999, 1e-6), (1 - 1e-7, 2e-4)],
)
def test_both_positive_against_adaptive_integration(correlation: float, within: float) -> None:
    generator = np.random.default_rng(8)
    for _ in range(40):
        h = float(generator.normal(0.0, 2.0))
        k = h * np.sign(correlation or 1.0) + float(generator.normal(0.0, generator.choice([0.01, 0.1, 2.0])))
        found = float(probability_both_positive(np.array(h), np.array(k), np.array(correlation)))
        assert abs(found - both_positive(h, k, correlation)) <= within


@pytest.mark.parametrize(("h", "k", "r"), [(0.3, -0.2, 0.6), (1.5, 0.5, -0.4), (-1.0, -2.0, 0.9), (0.0, 0.0, 0.5)])
def test_both_positive_against_scipy(h: float, k: float, r: float) -> None:
    expected = stats.multivariate_normal(mean=np.zeros(2), cov=np.array([[1.0, r], [r, 1.0]])).cdf(np.array([h, k]))
    assert float(probability_both_positive(np.array(h), np.array(k), np.array(r))) == pytest.approx(
        float(expected), abs=1e-7
    )


@each_case(("h", "k"), [(1e200, 1e200), (-1e200, 1e200), (1e200, -3.0), (50.0, 0.0)])
@each_case("r", [-1.0, -0.5, 0.0, 0.5, 1.0, 1.0 + 1e-12])
def test_both_positive_stays_a_probability_at_the_extremes(h: float, k: float, r: float) -> None:
    found = float(probability_both_positive(np.array(h), np.array(k), np.array(r)))
    assert 0.0 <= found <= 1.0


@each_case("seed", range(12))
def test_best_against_simulation(seed: int) -> None:
    covariance = random_covariance(seed)
    generator = np.random.default_rng(seed + 100)
    mean = (generator.standard_normal(3) * np.sqrt(np.diagonal(covariance))).tolist()
    found = probability_best(utility(mean, covariance), NO_MIXTURE)[0]
    draws = 200_000
    best = generator.multivariate_normal(mean, covariance, size=draws).argmax(axis=1)
    share = np.bincount(best, minlength=3) / draws
    # Four standard errors, for 36 comparisons.
    within = 4.0 * np.sqrt(np.maximum(found * (1.0 - found), 1e-6) / draws)
    assert np.all(np.abs(found - share) <= within)


@each_case("seed", range(20))
def test_the_three_add_up_before_they_are_normalised(seed: int) -> None:
    """So normalising only mends rounding: the three events are disjoint, and one of them happens."""
    covariance = random_covariance(seed)
    mean = np.random.default_rng(seed).standard_normal(3) * np.sqrt(np.diagonal(covariance))
    total = 0.0
    for policy, one, other in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
        first, second = np.zeros(3), np.zeros(3)
        first[[policy, one]], second[[policy, other]] = (1.0, -1.0), (1.0, -1.0)
        sd1, sd2 = np.sqrt(first @ covariance @ first), np.sqrt(second @ covariance @ second)
        total += float(
            probability_both_positive(
                first @ mean / sd1, second @ mean / sd2, first @ covariance @ second / (sd1 * sd2)
            )
        )
    assert total == pytest.approx(1.0, abs=2e-4)


def test_they_add_up_where_the_quadrature_is_worst() -> None:
    """Differences that are all but the same number: normalising takes off what the nodes miss."""
    covariance = np.diag([1e-9, 4e-9, 1.0])
    found = probability_best(utility([1e-5, 0.0, -1e-5], covariance), NO_MIXTURE)[0]
    assert abs(float(found.sum()) - 1.0) <= 1e-14


def test_three_that_are_alike_are_as_likely() -> None:
    found = probability_best(utility([0.5, 0.5, 0.5], np.eye(3) + 0.3), NO_MIXTURE)
    np.testing.assert_allclose(found, np.full((1, 3), 1.0 / 3.0), rtol=1e-14)


def test_taus_are_mixed_by_their_weights() -> None:
    one, other = utility([0.0, 0.0, 1.0], np.eye(3)), utility([2.0, 0.0, 0.0], 2.0 * np.eye(3))
    both = Utility(
        np.concatenate((one.by_tau, other.by_tau)),
        np.concatenate((one.covariance, other.covariance)),
        one.mean_pnl,
        one.mean,
        one.deviation,
    )
    expected = 0.25 * probability_best(one, NO_MIXTURE) + 0.75 * probability_best(other, NO_MIXTURE)
    np.testing.assert_allclose(probability_best(both, np.array([[0.25], [0.75]])), expected)
