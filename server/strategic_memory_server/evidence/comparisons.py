"""Probabilities of statements about one mean or two: better than CONSERVATIVE, better than nothing."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.normal import cumulative
from strategic_memory_server.evidence.posterior import Posterior
from strategic_memory_server.evidence.utility import Utility
from strategic_memory_server.memory.policy import Policy

CHALLENGERS = (Policy.BALANCED, Policy.AGGRESSIVE)
"""The policies that can be compared with CONSERVATIVE, in the order of the last axis."""


def probability_beats_conservative(utility: Utility, posterior: Posterior) -> Floats:
    """The probability that each challenger's utility is above that of CONSERVATIVE; shape (..., regimes, 2).

    The difference of two normal values is normal: Phi((u_p - u_0) / sqrt(C_pp + C_00 - 2 C_p0)), weighed over tau; 0
    for those where the policies tie.
    """
    tau_weights = posterior.tau_weights
    if posterior.is_tie is not None:
        tau_weights = np.where(posterior.is_tie[:, None], 0.0, tau_weights)
    ours, covariance = slice(Policy.BALANCED, None), utility.covariance
    difference = utility.by_tau[..., ours] - utility.by_tau[..., : Policy.BALANCED]
    own_variance = np.diagonal(covariance, axis1=-2, axis2=-1)[..., ours]
    variance = own_variance + covariance[..., 0, 0, None] - 2.0 * covariance[..., 0, ours]
    by_tau = cumulative(difference / np.sqrt(variance))
    probability: Floats = (tau_weights[..., None] * by_tau).sum(axis=-3)
    return probability


def probability_mean_positive(posterior: Posterior) -> Floats:
    """The probability that the mean pnl of each cell is above 0: Phi(m / sqrt V), weighed over tau."""
    variance = np.diagonal(posterior.covariance, axis1=-2, axis2=-1)
    by_tau = cumulative(posterior.mean / np.sqrt(variance))
    probability: Floats = (posterior.tau_weights[..., None] * by_tau).sum(axis=-3)
    return probability
