"""The posterior of the standardised means of several portfolios that the same regimes rule, in closed form.

One level above the prior of one portfolio (`prior.py`): the standardised means of two portfolios are correlated by f,
cell by cell, and each portfolio's own are spread as without a group,

    Cov(theta_krp, theta_k'r'p') = (f + (1 - f) [k = k']) K_tau[(r, p), (r', p')].

f is not known: the values of `CORRELATIONS` have their `PRIOR_WEIGHTS`, and the evidence of all portfolios weighs them,
together with tau. With f = 0 each portfolio stands alone. The values are chosen here, not estimated. The pnl of each
portfolio is measured by its own spread, so portfolios of different size or currency compare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.posterior import Posterior, shares_of
from strategic_memory_server.evidence.prior import Prior, log_det

CORRELATIONS = (0.0, 0.25, 0.5, 0.75, 0.9)
PRIOR_WEIGHTS = (0.4, 0.15, 0.15, 0.15, 0.15)
"""How likely each is before anything was seen: portfolios that have nothing in common are not rare."""

_IDENTITY = np.eye(3)


@dataclass(frozen=True, slots=True, eq=False)
class GroupPosterior:
    """What is believed of one portfolio of a group.

    Attributes:
        posterior: of its standardised means; its components are every tau with every f, f running fastest.
        correlation_weights: posterior probability of each f of `CORRELATIONS`, shape (..., correlations).
        tau_weights: posterior probability of each tau, shape (..., taus).
    """

    posterior: Posterior
    correlation_weights: Floats
    tau_weights: Floats

    @property
    def correlation(self) -> Floats:
        """Posterior mean of f, shape (...)."""
        mean: Floats = self.correlation_weights @ np.array(CORRELATIONS)
        return mean


def group_posterior(weight: Floats, scaled_sum: Floats, prior: Prior, member: int) -> GroupPosterior:
    """Work out what is believed of one portfolio, given the trades of all.

    With y_k = what the regimes of portfolio k share and u_r = what its portfolios share of regime r,
    theta_kr = y_k + u_r + e_kr, where Cov(y) = (f J + (1 - f) I) x M, u_r ~ N(0, f H) and e_kr ~ N(0, (1 - f) H). Each
    level is integrated out in turn, as in `posterior.py`: e_kr leaves an observation of y_k + u_r with precision B_kr,
    u_r one of all y together, and y is a vector of 3 numbers a portfolio (derived here).

    Args:
        weight: W, shape (..., portfolios, regimes, 3); a regime without any changes nothing.
        scaled_sum: b, S1 over each portfolio's own sigma, same shape.
        prior: the prior of one portfolio for each tau.
        member: place of the portfolio that is asked for.
    """
    levels = _Levels.of(prior, weight.shape[-3])
    own = _own_level(weight[..., None, :, :, :], scaled_sum[..., None, :, :, :], levels)
    shared = _shared_level(own, levels)
    portfolios = _portfolio_level(own, shared, levels)

    # y_k and u_r as they are believed, for every portfolio and regime: the evidence needs the means of all.
    regime_mean = shared.covariance @ (
        shared.information - (own.precision @ portfolios.mean[..., :, None, :, None]).sum(axis=-4)
    )
    above = portfolios.mean[..., :, None, :, None] + regime_mean[..., None, :, :, :]
    mean = (own.given_above @ scaled_sum[..., None, :, :, :, None] + own.passed_on @ above)[..., 0]

    covariance = _covariance_of(member, own, shared, portfolios)
    explained = (mean * scaled_sum[..., None, :, :, :]).sum(axis=(-3, -2, -1))
    log_evidence = 0.5 * (explained - own.log_det - shared.log_det - portfolios.log_det)
    weights = shares_of(log_evidence + np.tile(np.log(PRIOR_WEIGHTS), len(prior.own)))
    by_both = weights.reshape(*weights.shape[:-1], -1, len(CORRELATIONS))
    posterior = Posterior(mean[..., member, :, :], covariance, log_evidence, weights[..., None])
    return GroupPosterior(posterior, by_both.sum(axis=-2), by_both.sum(axis=-1))


@dataclass(frozen=True, slots=True, eq=False)
class _Levels:
    """The prior of each level for every component; shape (components, 3, 3), of y (components, 3 m, 3 m)."""

    own: Floats
    own_precision: Floats
    shared_root: Floats
    precision_of_portfolios: Floats
    log_det_of_portfolios: Floats

    @classmethod
    def of(cls, prior: Prior, members: int) -> _Levels:
        f, each = np.array(CORRELATIONS), len(CORRELATIONS)
        taus = len(prior.own)
        common = np.tile(f, taus)[:, None, None]
        spread = np.repeat(prior.own, each, axis=0)
        apart = (np.eye(members) - (f / (1.0 - f + f * members))[:, None, None]) / (1.0 - f)[:, None, None]
        precision = np.einsum("fij,tab->tfiajb", apart, prior.shared_precision)
        between = 3.0 * ((members - 1) * np.log(1.0 - f) + np.log(1.0 - f + f * members))
        return cls(
            own=(1.0 - common) * spread,
            own_precision=np.repeat(prior.own_precision, each, axis=0) / (1.0 - common),
            shared_root=np.sqrt(common) * np.linalg.cholesky(spread),
            precision_of_portfolios=precision.reshape(taus * each, 3 * members, 3 * members),
            log_det_of_portfolios=(members * prior.log_det_shared[:, None] + between).ravel(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Own:
    """e_kr integrated out; shapes (..., components, portfolios, regimes, 3, 3) and one column of 3."""

    precision: Floats
    information: Floats
    given_above: Floats
    passed_on: Floats
    log_det: Floats


def _own_level(weight: Floats, scaled_sum: Floats, levels: _Levels) -> _Own:
    spread, precision = levels.own[:, None, None], levels.own_precision[:, None, None]
    root, information = np.sqrt(weight), scaled_sum[..., None]
    coupled = _IDENTITY + root[..., :, None] * spread * root[..., None, :]
    about_above = root[..., :, None] * np.linalg.inv(coupled) * root[..., None, :]
    given_above = np.asarray(np.linalg.inv(precision + weight[..., None] * _IDENTITY), dtype=np.float64)
    told = information - about_above @ (spread @ information)
    passed_on: Floats = given_above @ precision
    return _Own(about_above, told, given_above, passed_on, log_det(coupled).sum(axis=(-2, -1)))


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    """u_r integrated out; shapes (..., components, regimes, 3, 3) and one column of 3."""

    covariance: Floats
    information: Floats
    log_det: Floats


def _shared_level(own: _Own, levels: _Levels) -> _Shared:
    root, told = levels.shared_root[:, None], own.precision.sum(axis=-4)
    turned = np.swapaxes(root, -1, -2)
    coupled = _IDENTITY + turned @ told @ root
    return _Shared(root @ np.linalg.inv(coupled) @ turned, own.information.sum(axis=-4), log_det(coupled).sum(axis=-1))


@dataclass(frozen=True, slots=True, eq=False)
class _Portfolios:
    """What is believed of y: its mean, shape (..., components, portfolios, 3), and covariance (..., 3 m, 3 m)."""

    mean: Floats
    covariance: Floats
    log_det: Floats


def _portfolio_level(own: _Own, shared: _Shared, levels: _Levels) -> _Portfolios:
    members = own.precision.shape[-4]
    size = 3 * members
    # B_kr S_r, and with it what two portfolios tell of each other through a regime.
    through = own.precision @ shared.covariance[..., None, :, :, :]
    between = np.einsum("...krab,...jrbc->...kajc", through, own.precision, optimize=True)
    alone = np.einsum("...krab,kj->...kajb", own.precision, np.eye(members), optimize=True)
    told = (alone - between).reshape(*between.shape[:-4], size, size)
    precision = levels.precision_of_portfolios + told
    covariance = np.linalg.inv(precision)
    information = (own.information - through @ shared.information[..., None, :, :, :]).sum(axis=-3)
    mean = covariance @ information.reshape(*information.shape[:-3], size, 1)
    return _Portfolios(
        mean.reshape(*mean.shape[:-2], members, 3), covariance, log_det(precision) + levels.log_det_of_portfolios
    )


def _covariance_of(member: int, own: _Own, shared: _Shared, portfolios: _Portfolios) -> Floats:
    """Covariance of the policies of each regime of one portfolio, shape (..., components, regimes, 3, 3)."""
    members, regimes = own.precision.shape[-4:-2]
    # y_k + u_r depends on all y by [k = j] I - S_r B_jr, and on nothing else but the noise of u_r.
    on_each = -(shared.covariance[..., None, :, :, :] @ own.precision)
    on_each[..., member, :, :, :] += _IDENTITY
    on_all = np.moveaxis(on_each, -4, -2).reshape(*on_each.shape[:-4], regimes, 3, 3 * members)
    above = shared.covariance + on_all @ portfolios.covariance[..., None, :, :] @ np.swapaxes(on_all, -1, -2)
    given, passed_on = own.given_above[..., member, :, :, :], own.passed_on[..., member, :, :, :]
    covariance: Floats = given + passed_on @ above @ np.swapaxes(passed_on, -1, -2)
    return covariance
