"""The prior of the evidence with change: that of `prior.py`, and beside it that the policies of a regime tie.

Where they tie, what they share varies as before, and what sets them apart is a thousandth of it:
Cov = tau^2 (0.1 + 0.3 [r = r'] + e (0.2 [p = p'] + 0.4 [both])). A tenth of the weight is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.prior import COMMON, OWN, POLICY, REGIME, log_det
from strategic_memory_server.memory.policy import Policy

TIES = 0.1
"""Prior probability that policies tie."""

TIED = 0.001
"""Share of what sets policies apart that is left where they tie."""


@dataclass(frozen=True, slots=True, eq=False)
class ChangePrior:
    """Components, those of a tie last; shape (components,), the last two (components, 3, 3) and (components,).

    Attributes:
        is_tie: whether policies tie.
        regime_common: variance that the policies of a regime share, and other regimes do not.
        regime_own: variance of a policy of a regime alone.
        shared_precision: inverse of the covariance of what all regimes share.
        log_det_shared: logarithm of the determinant of that covariance.
    """

    is_tie: NDArray[np.bool_]
    regime_common: Floats
    regime_own: Floats
    shared_precision: Floats
    log_det_shared: Floats


@lru_cache(maxsize=16)
def change_prior_of(spreads: tuple[float, ...]) -> ChangePrior:
    """The components for each of the spreads tau of standardised means."""
    is_tie = np.repeat([False, True], len(spreads))
    variance, apart = np.tile(np.square(spreads), 2), np.where(is_tie, TIED, 1.0)
    ones, identity = np.ones((len(Policy), len(Policy))), np.eye(len(Policy))
    shared = COMMON * ones + (POLICY * apart)[:, None, None] * identity
    shared = variance[:, None, None] * shared
    return ChangePrior(
        is_tie=is_tie,
        regime_common=variance * REGIME,
        regime_own=variance * OWN * apart,
        shared_precision=np.asarray(np.linalg.inv(shared), dtype=np.float64),
        log_det_shared=log_det(shared),
    )
