"""What a policy is worth in a regime: its mean pnl less the price of its risk, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.posterior import Posterior
from strategic_memory_server.evidence.scale import Scale


@dataclass(frozen=True, slots=True, eq=False)
class Utility:
    """Utilities in units of the scale's `unit`.

    Attributes:
        by_tau: posterior mean for each tau, shape (..., taus, regimes, 3).
        covariance: of the three policies of a regime, for each tau, shape (..., taus, regimes, 3, 3).
        mean_pnl: posterior mean of pnl over all taus, shape (..., regimes, 3).
        mean: mean over all taus of the utility, same shape.
        deviation: standard deviation over all taus of both, same shape.
    """

    by_tau: Floats
    covariance: Floats
    mean_pnl: Floats
    mean: Floats
    deviation: Floats


def utility_of(posterior: Posterior, scale: Scale, risk_aversion: float) -> Utility:
    """Work out u = sigma theta - (risk aversion / 2) sigma^2 / s_u, and its moments over the mixture of taus.

    The mean-variance utility (Markowitz 1952; second order of an expected utility, Pratt 1964), with the risk scale s_u
    to make the price of risk one of pnl. Mixture: mean = sum q m, variance = sum q (C + (m - mean)^2).
    """
    spread = scale.spread
    risk_price = 0.5 * risk_aversion * np.square(spread) / scale.risk[..., None, None]
    pnl_by_tau = spread[..., None, :, :] * posterior.mean
    outer = spread[..., :, None] * spread[..., None, :]
    covariance = outer[..., None, :, :, :] * posterior.covariance
    shares = posterior.tau_weights[..., None]
    mean_pnl = (shares * pnl_by_tau).sum(axis=-3)
    variance = np.diagonal(covariance, axis1=-2, axis2=-1) + np.square(pnl_by_tau - mean_pnl[..., None, :, :])
    deviation = np.sqrt((shares * variance).sum(axis=-3))
    return Utility(pnl_by_tau - risk_price[..., None, :, :], covariance, mean_pnl, mean_pnl - risk_price, deviation)
