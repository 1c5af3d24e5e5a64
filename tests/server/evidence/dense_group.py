"""The posterior of a group of portfolios done the plain way: one covariance matrix of every cell of every portfolio."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DenseGroup:
    """For each (tau, f): means, shape (portfolios, regimes, 3), covariance of all cells in that order, log evidence."""

    mean: list[Floats]
    covariance: list[Floats]
    log_evidence: list[float]


def dense_group(
    weight: Floats, scaled_sum: Floats, taus: tuple[float, ...], correlations: tuple[float, ...]
) -> DenseGroup:
    """Build the prior entry by entry, and condition on observations of the cells that have any."""
    portfolios, regimes, policies = weight.shape
    cells = list(product(range(portfolios), range(regimes), range(policies)))
    seen = [place for place, cell in enumerate(cells) if weight[cell] > 0.0]
    found = DenseGroup([], [], [])
    for tau, f in product(taus, correlations):
        prior = np.array([[_covariance(one, other, tau, f) for other in cells] for one in cells])
        noise = np.diag([1.0 / weight[cells[place]] for place in seen])
        observed = np.array([scaled_sum[cells[place]] / weight[cells[place]] for place in seen])
        marginal = prior[np.ix_(seen, seen)] + noise
        gain = np.linalg.solve(marginal, prior[seen]).T
        found.mean.append((gain @ observed).reshape(weight.shape))
        found.covariance.append(prior - gain @ prior[seen])
        # log N(observed; 0, marginal), less what does not depend on tau and f.
        misfit = observed @ np.linalg.solve(marginal, observed)
        log_evidence = -0.5 * (np.linalg.slogdet(marginal)[1] - np.linalg.slogdet(noise)[1] + misfit)
        at_best = 0.5 * observed @ np.linalg.solve(noise, observed)
        found.log_evidence.append(float(log_evidence + at_best))
    return found


def _covariance(one: tuple[int, int, int], other: tuple[int, int, int], tau: float, f: float) -> float:
    same_regime, same_policy = one[1] == other[1], one[2] == other[2]
    within = 0.1 + 0.3 * same_regime + 0.2 * same_policy + 0.4 * (same_regime and same_policy)
    return tau * tau * within * (1.0 if one[0] == other[0] else f)
