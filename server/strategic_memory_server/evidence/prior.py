"""The prior: what is believed of standardised means before anything was seen.

The standardised mean of a cell is theta = mean pnl / spread of pnl. Before anything was seen,

    Cov(theta_rp, theta_r'p') = tau^2 (0.1 + 0.3 [r = r'] + 0.2 [p = p'] + 0.4 [both]),

so a tenth of its variance is shared by all, three tenths by the policies of a regime, two tenths by the regimes of
a policy, and four tenths are its own. Chosen here, not estimated. Since all that regimes share is a vector of three
numbers (one for each policy), theta_r = g + h_r with g ~ N(0, M) and h_r ~ N(0, H) independent between regimes:
M = tau^2 (0.1 J + 0.2 I), H = tau^2 (0.3 J + 0.4 I), J all ones (derived here).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.memory.policy import Policy

COMMON, REGIME, POLICY, OWN = 0.1, 0.3, 0.2, 0.4
"""Shares of the variance of a standardised mean; they add up to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """Covariances and precisions for each tau; shape (taus, 3, 3) each.

    Attributes:
        shared: M, of what all regimes share.
        own: H, of what a regime deviates from that.
        shared_precision: inverse of M.
        own_precision: inverse of H.
        log_det_shared: logarithm of the determinant of M, shape (taus,).
    """

    shared: Floats
    own: Floats
    shared_precision: Floats
    own_precision: Floats
    log_det_shared: Floats


@lru_cache(maxsize=16)
def prior_of(spreads: tuple[float, ...]) -> Prior:
    """The prior for each of the spreads tau of standardised means."""
    variance = np.square(np.array(spreads, dtype=np.float64))[:, None, None]
    ones, identity = np.ones((len(Policy), len(Policy))), np.eye(len(Policy))
    shared, own = variance * (COMMON * ones + POLICY * identity), variance * (REGIME * ones + OWN * identity)
    shared_precision = np.asarray(np.linalg.inv(shared), dtype=np.float64)
    own_precision = np.asarray(np.linalg.inv(own), dtype=np.float64)
    return Prior(shared, own, shared_precision, own_precision, log_det(shared))


def log_det(matrices: Floats) -> Floats:
    """Logarithm of the determinant of positive definite matrices."""
    logarithms: Floats = np.linalg.slogdet(matrices)[1]
    return logarithms
