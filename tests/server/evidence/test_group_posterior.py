"""What portfolios of a group tell of each other."""

from __future__ import annotations

import numpy as np
import pytest
from server.evidence.dense_group import dense_group

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.group_posterior import CORRELATIONS, PRIOR_WEIGHTS, group_posterior
from strategic_memory_server.evidence.posterior import posterior_of
from strategic_memory_server.evidence.prior import prior_of

TAUS = (0.03, 0.1, 0.3)


def sums(seed: int, portfolios: int, regimes: int, largest: int = 60) -> tuple[Floats, Floats]:
    """W and b of every cell, some of them without any observation."""
    generator = np.random.default_rng(seed)
    shape = portfolios, regimes, 3
    weight = (
        generator.integers(0, largest, shape) * generator.integers(0, 2, shape) * generator.uniform(0.5, 1.0, shape)
    )
    theta = generator.normal(0.0, 0.3, shape)
    return weight, weight * theta + np.sqrt(weight) * generator.standard_normal(shape)


@pytest.mark.parametrize("seed", range(40))
def test_it_is_what_one_matrix_of_all_cells_gives(seed: int) -> None:
    portfolios, regimes = 1 + seed % 5, 1 + seed % 4
    weight, scaled_sum = sums(seed, portfolios, regimes)
    expected = dense_group(weight, scaled_sum, TAUS, CORRELATIONS)
    relative = np.exp(np.array(expected.log_evidence) - max(expected.log_evidence)) * np.tile(PRIOR_WEIGHTS, len(TAUS))
    for member in range(portfolios):
        found = group_posterior(weight, scaled_sum, prior_of(TAUS), member)
        own = slice(3 * regimes * member, 3 * regimes * (member + 1))
        for component, (mean, covariance) in enumerate(zip(expected.mean, expected.covariance, strict=True)):
            np.testing.assert_allclose(found.posterior.mean[component], mean[member], rtol=1e-9, atol=1e-12)
            of_own = covariance[own, own].reshape(regimes, 3, regimes, 3)
            blocks = [of_own[regime, :, regime] for regime in range(regimes)]
            np.testing.assert_allclose(found.posterior.covariance[component], blocks, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(found.posterior.log_evidence, expected.log_evidence, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found.posterior.tau_weights[:, 0], relative / relative.sum(), rtol=1e-9, atol=1e-30)


def test_a_portfolio_alone_is_believed_as_without_a_group() -> None:
    weight, scaled_sum = sums(7, 1, 4)
    found, alone = (
        group_posterior(weight, scaled_sum, prior_of(TAUS), 0),
        posterior_of(weight[0], scaled_sum[0], prior_of(TAUS)),
    )
    np.testing.assert_allclose(found.tau_weights, alone.tau_weights[:, 0], rtol=1e-9)
    np.testing.assert_allclose(found.correlation_weights, PRIOR_WEIGHTS, rtol=1e-9)
    for f in range(len(CORRELATIONS)):
        np.testing.assert_allclose(found.posterior.mean[f :: len(CORRELATIONS)], alone.mean, rtol=1e-9, atol=1e-12)


def test_portfolios_without_a_trade_change_nothing() -> None:
    weight, scaled_sum = sums(8, 3, 4)
    empty = np.zeros((2, 4, 3))
    with_empty = group_posterior(
        np.concatenate([weight, empty]), np.concatenate([scaled_sum, empty]), prior_of(TAUS), 1
    )
    without = group_posterior(weight, scaled_sum, prior_of(TAUS), 1)
    np.testing.assert_allclose(with_empty.posterior.mean, without.posterior.mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(with_empty.posterior.tau_weights, without.posterior.tau_weights, rtol=1e-9)


def test_alike_portfolios_are_found_to_be_and_strangers_not() -> None:
    generator = np.random.default_rng(9)
    theta = generator.normal(0.0, 0.3, (1, 4, 3))
    weight = np.full((5, 4, 3), 200.0)
    noise = np.sqrt(weight) * generator.standard_normal(weight.shape)
    alike = group_posterior(weight, weight * theta + noise, prior_of(TAUS), 0)
    strange = group_posterior(weight, weight * generator.normal(0.0, 0.3, weight.shape) + noise, prior_of(TAUS), 0)
    assert alike.correlation > 0.85
    assert strange.correlation < 0.15


def test_one_without_trades_borrows_from_those_that_are_alike() -> None:
    generator = np.random.default_rng(10)
    theta = np.array([[-0.2, 0.0, 0.3]])
    weight = np.full((5, 1, 3), 100.0)
    weight[0] = 0.0
    scaled_sum = weight * theta + np.sqrt(weight) * generator.standard_normal(weight.shape)
    found = group_posterior(weight, scaled_sum, prior_of(TAUS), 0).posterior
    mean = np.einsum("c,crp->rp", found.tau_weights[:, 0], found.mean)[0]
    assert mean[2] > mean[1] > mean[0]
