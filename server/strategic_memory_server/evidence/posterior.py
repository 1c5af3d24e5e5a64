"""The posterior of the standardised means, in closed form, for each tau and weighed over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.prior import Prior, log_det

_IDENTITY = np.eye(3)


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What is believed of the standardised means.

    Attributes:
        mean: for each tau, shape (..., taus, regimes, 3).
        covariance: of the three policies of a regime, for each tau, shape (..., taus, regimes, 3, 3).
        log_evidence: log of the density of the observations for each tau, up to a constant; shape (..., taus).
        tau_weights: posterior probability of each tau; shape (..., taus, regimes), of one regime only where it is the
            same for all of them.
        is_tie: for each tau, whether the policies of a regime earn the same, so that none beats another; None: never.
    """

    mean: Floats
    covariance: Floats
    log_evidence: Floats
    tau_weights: Floats
    is_tie: NDArray[np.bool_] | None = None


def posterior_of(weight: Floats, scaled_sum: Floats, prior: Prior) -> Posterior:
    """Work out the posterior for observations that are Normal with known spread, all taus being as likely before.

    With b = S1/sigma and K the prior covariance, V = (K^-1 + diag W)^-1, m = V b and the log evidence is
    (log|K^-1| - log|K^-1 + diag W| + m'b) / 2 (Rasmussen and Williams, Gaussian Processes for Machine Learning,
    eq. 2.11 and 2.30). Here it is worked out regime by regime, which for R regimes costs R times a 3 by 3 inverse
    instead of one of size 3R (derived here from theta_r = g + h_r, see `prior.py`): given g, a regime tells about g as
    an observation with precision A_r = (H + W_r^-1)^-1 and information a_r = (I - A_r H) b_r, so that

        V_g = (M^-1 + sum A_r)^-1,   m_g = V_g sum a_r,
        V_r = (H^-1 + W_r)^-1,       m = V_r (b_r + H^-1 m_g),   Cov = V_r + (V_r H^-1) V_g (V_r H^-1)'.

    Args:
        weight: W, shape (..., regimes, 3); a regime without any changes nothing for the others.
        scaled_sum: b, same shape.
        prior: the prior for each tau.
    """
    own, own_precision = prior.own[:, None], prior.own_precision[:, None]
    root = np.sqrt(weight)[..., None, :, :]
    coupled = _IDENTITY + root[..., :, None] * own * root[..., None, :]
    about_shared = root[..., :, None] * np.linalg.inv(coupled) * root[..., None, :]
    information = scaled_sum[..., None, :, :, None]
    expected = own @ information
    regime_information = information - about_shared @ expected

    shared_precision = prior.shared_precision + about_shared.sum(axis=-3)
    shared_covariance = np.linalg.inv(shared_precision)
    shared_information = regime_information.sum(axis=-3)
    shared_mean = shared_covariance @ shared_information

    diagonal = weight[..., None, :, :, None] * _IDENTITY
    given_shared = np.linalg.inv(own_precision + diagonal)
    passed_on = given_shared @ own_precision
    mean = (given_shared @ information + passed_on @ shared_mean[..., None, :, :])[..., 0]
    covariance = given_shared + passed_on @ shared_covariance[..., None, :, :] @ np.swapaxes(passed_on, -1, -2)

    explained = (mean * information[..., 0]).sum(axis=(-2, -1))
    determinants = log_det(coupled).sum(axis=-1) + log_det(shared_precision) + prior.log_det_shared
    log_evidence = 0.5 * (explained - determinants)
    return Posterior(mean, covariance, log_evidence, shares_of(log_evidence)[..., None])


def shares_of(logarithms: Floats) -> Floats:
    """Return exp(x) / sum exp(x) over the last axis, without overflow."""
    relative = np.exp(logarithms - logarithms.max(axis=-1, keepdims=True))
    shares: Floats = relative / relative.sum(axis=-1, keepdims=True)
    return shares
