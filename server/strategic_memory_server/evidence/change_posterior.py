"""The posterior of the standardised means where the present stretch of a regime may have begun with any of its blocks.

For each beginning and each component of the prior it is exact. As in `posterior.py`, theta_r = g + h_r: each regime
tells about the shared g as an observation with precision A_r and information a_r, and what is believed of one regime
follows from g and from its own observations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.change.one_regime import OneRegime, one_regime
from strategic_memory_server.evidence.change_prior import TIES, ChangePrior
from strategic_memory_server.evidence.posterior import Posterior
from strategic_memory_server.evidence.prior import log_det

Codes = NDArray[np.intp]

_IDENTITY = np.eye(3)

_LARGEST = 600.0
"""Logarithm of a number whose multiples a float still holds."""


@dataclass(frozen=True, slots=True, eq=False)
class AboutShared:
    """What observations tell about g, for each component; `rows` are regimes, or stretches of one.

    Attributes:
        precision: A, shape (..., components, rows, 3, 3).
        information: a, shape (..., components, rows, 3).
        log_evidence: log evidence if g is 0, shape (..., components, rows).
    """

    precision: Floats
    information: Floats
    log_evidence: Floats

    def together(self) -> AboutShared:
        """Return what all rows tell, as one row."""
        return AboutShared(
            self.precision.sum(axis=-3, keepdims=True),
            self.information.sum(axis=-2, keepdims=True),
            self.log_evidence.sum(axis=-1, keepdims=True),
        )

    def with_others(self, others: AboutShared) -> AboutShared:
        """Return what each row tells together with others."""
        return AboutShared(
            others.precision + self.precision,
            others.information + self.information,
            others.log_evidence + self.log_evidence,
        )

    def without(self, places: Codes) -> AboutShared:
        """Return what the others tell in the place of each of some rows: (..., asked, components, 1, ...)."""
        whole, at = self.together(), places if places.ndim == 1 else places[..., None, :]
        return AboutShared(
            _asked_first(whole.precision - rows_at(self.precision, at, 2), 2),
            _asked_first(whole.information - rows_at(self.information, at, 1), 1),
            _asked_first(whole.log_evidence - rows_at(self.log_evidence, at, 0), 0),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """What the observations of each row tell: about its own means, and about what all share."""

    own: OneRegime
    about: AboutShared


def rows_at(values: Floats, places: Codes, inner: int) -> Floats:
    """Return the rows at some places, shape (rows,) or one for each of the leading axes; `inner` axes follow rows."""
    if places.ndim == 1:
        return np.take(values, places, axis=-1 - inner)
    return np.take_along_axis(values, places.reshape(*places.shape, *[1] * inner), axis=-1 - inner)


def likelihood_of(weight: Floats, scaled_sum: Floats, prior: ChangePrior) -> Likelihood:
    """Return the likelihood of observations.

    Args:
        weight: W, shape (..., rows, 3).
        scaled_sum: S1 / sigma, same shape.
        prior: the components.
    """
    common, own = prior.regime_common[:, None], prior.regime_own[:, None]
    found = one_regime(weight[..., None, :, :], scaled_sum[..., None, :, :], common, own)
    share, about = found.common[..., None], found.information
    precision = about[..., :, None] * _IDENTITY - share[..., None] * (about[..., :, None] * about[..., None, :])
    information = found.left * found.scaled_sum - share * found.explained[..., None] * about
    return Likelihood(found, AboutShared(precision, information, found.log_evidence))


def of_all(regimes: Likelihood, by_spread: Floats, prior: ChangePrior) -> Posterior:
    """Return what is believed of all regimes, each with the observations that it was told of.

    Args:
        regimes: what the observations of each tell.
        by_spread: probability of each tau, shape (..., taus).
        prior: the components.
    """
    found = _believed(regimes.own, regimes.about.together(), prior)
    weights = _with_ties(by_spread[..., None], found.log_evidence)[..., 0]
    return Posterior(found.mean, found.covariance, found.log_evidence[..., 0], weights[..., None], prior.is_tie)


def since_each(stretches: Likelihood, others: AboutShared, began: Floats, prior: ChangePrior) -> Posterior:
    """Return what is believed of some regimes, mixed over tau and when their present stretch began.

    Args:
        stretches: what the stretches of each tell, shape (..., asked, components, blocks, ...).
        others: what all other regimes tell, shape (..., asked, components, 1, ...).
        began: probability of each tau together with the block that the present stretch began with, shape
            (..., asked, taus, blocks).
        prior: the components.

    Returns:
        A posterior whose taus are each component with each block, the block changing first.
    """
    found = _believed(stretches.own, stretches.about.with_others(others), prior)
    weights = _with_ties(began, found.log_evidence)
    return Posterior(
        _asked_last(found.mean, 1),
        _asked_last(found.covariance, 2),
        _asked_last(found.log_evidence, 0),
        _asked_last(weights, 0),
        np.repeat(prior.is_tie, began.shape[-1]),
    )


def _with_ties(likely: Floats, log_evidence: Floats) -> Floats:
    """Return the weight of each component: how likely its tau is, and by how much a tie explains the trades better.

    Args:
        likely: probability of each tau and row, shape (..., taus, rows).
        log_evidence: of the components, ties last, shape (..., 2 taus, rows).
    """
    taus = likely.shape[-2]
    better = np.where(likely > 0.0, log_evidence[..., taus:, :] - log_evidence[..., :taus, :], -np.inf)
    # What hundreds of regimes say together for a tie may be more than a float can hold.
    beyond = np.maximum(better.max(axis=(-2, -1), keepdims=True) - _LARGEST, 0.0)
    weights = np.concatenate(
        ((1.0 - TIES) * likely * np.exp(-beyond), TIES * likely * np.exp(better - beyond)), axis=-2
    )
    found: Floats = weights / weights.sum(axis=(-2, -1), keepdims=True)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Believed:
    """Mean and covariance of the standardised means of each row, and the log evidence of everything beside it."""

    mean: Floats
    covariance: Floats
    log_evidence: Floats


def _believed(own: OneRegime, about: AboutShared, prior: ChangePrior) -> _Believed:
    """Work out what is believed of rows: with E = (I + H W)^-1, m = V b + E m_g and Cov = V + E V_g E'."""
    shared_precision = prior.shared_precision[:, None] + about.precision
    shared_covariance = np.linalg.inv(shared_precision)
    shared_mean = (shared_covariance @ about.information[..., None])[..., 0]
    left, share = own.left, own.common[..., None]
    passed_on = left[..., :, None] * (_IDENTITY - share[..., None] * own.information[..., None, :])
    alone = left * (own.own * own.scaled_sum + share * own.explained[..., None])
    given_shared = (own.own * left)[..., :, None] * _IDENTITY + share[..., None] * (
        left[..., :, None] * left[..., None, :]
    )
    explained = (about.information * shared_mean).sum(axis=-1)
    determinants = log_det(shared_precision) + prior.log_det_shared[:, None]
    return _Believed(
        alone + (passed_on @ shared_mean[..., None])[..., 0],
        given_shared + passed_on @ shared_covariance @ passed_on.swapaxes(-1, -2),
        about.log_evidence + 0.5 * (explained - determinants),
    )


def _asked_first(values: Floats, inner: int) -> Floats:
    """Make (..., components, asked, inner) to (..., asked, components, 1, inner)."""
    swapped = values.swapaxes(-inner - 2, -inner - 1)
    at = swapped.ndim - inner
    return swapped.reshape(*swapped.shape[:at], 1, *swapped.shape[at:])


def _asked_last(values: Floats, inner: int) -> Floats:
    """Make (..., asked, components, blocks, inner) to (..., components x blocks, asked, inner)."""
    moved = values.swapaxes(-inner - 3, -inner - 2).swapaxes(-inner - 2, -inner - 1)
    at, shape = moved.ndim - inner - 3, moved.shape
    return moved.reshape(*shape[:at], shape[at] * shape[at + 1], *shape[at + 2 :])
