"""How many more observations it may take until a policy can be told from CONSERVATIVE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.normal import cumulative
from strategic_memory_server.memory.policy import Policy

FARTHEST = 100_000
"""Nothing is said beyond so many observations."""

_SMALLEST = 1e-300
_NEXT, _LAST = [1, 2, 0], [2, 0, 1]
_COUNTS = np.concatenate(([0.0], np.unique(np.round(np.geomspace(1, FARTHEST, 60)))))


@dataclass(frozen=True, slots=True, eq=False)
class RegimeBelief:
    """What is believed of one regime; money in one unit.

    Attributes:
        weight: weight of its observations, shape (3,).
        scaled_sum: weighed sum of their pnl over the spread of each policy, shape (3,).
        spread: spread of each policy's pnl, shape (3,).
        risk_price: what the risk of each takes off its mean pnl, shape (3,).
        theta: standardised means, over all taus, shape (3,).
        theta_by_tau: for each tau, shape (taus, 3).
        covariance: of the standardised means, for each tau, shape (taus, 3, 3).
        tau_weights: shape (taus,).
    """

    weight: Floats
    scaled_sum: Floats
    spread: Floats
    risk_price: Floats
    theta: Floats
    theta_by_tau: Floats
    covariance: Floats
    tau_weights: Floats


def observations_until(belief: RegimeBelief, policy: Policy, required_probability: float, decay: float) -> int | None:
    """Estimate how many more observations of the regime, half of the policy and half CONSERVATIVE, it takes.

    Were both to go on earning, on average, what they are now believed to earn: the answer is the first k of a grid, in
    steps of about a fifth, at which the policy beats CONSERVATIVE with the required probability; 0 if it does already.

    Returns:
        None where it is not defined: the policy is not expected to be better, or it takes more than `FARTHEST`
        observations, or old observations are forgotten too fast for it ever to happen.
    """
    expected = belief.spread * belief.theta - belief.risk_price
    if expected[policy] <= expected[Policy.CONSERVATIVE]:
        return None
    enough = np.flatnonzero(_probabilities(belief, policy, decay) >= required_probability)
    return int(_COUNTS[enough[0]]) if enough.size else None


def _probabilities(belief: RegimeBelief, policy: Policy, decay: float) -> Floats:
    """The probability of beating CONSERVATIVE after each count of the grid.

    Derived here: k more observations multiply the sums of the regime by d = decay^k, add a = (1 - d) / (1 - decay) / 2
    to the weights of both and a theta to their scaled sums. As only this regime changes, its posterior N(m, V) for each
    tau is all that is needed: with D = diag(change of W) and f = change of S1/sigma, V'^-1 = V^-1 + D,
    m' = V' (V^-1 m + f), and log q' = log q + (log|V'| - log|V| + m'V'^-1 m' - m'V^-1 m) / 2 up to a constant.
    """
    observed = np.zeros(3)
    observed[[Policy.CONSERVATIVE, policy]] = 1.0
    left = np.power(decay, _COUNTS)[:, None]
    added = (0.5 * _COUNTS[:, None] if decay == 1.0 else 0.5 * (1.0 - left) / (1.0 - decay)) * observed
    weight_change = added - (1.0 - left) * belief.weight
    sum_change = added * belief.theta - (1.0 - left) * belief.scaled_sum

    # Shapes from here on: (3, taus, counts).
    before = np.asarray(np.linalg.inv(belief.covariance), dtype=np.float64)
    information = (before @ belief.theta_by_tau[..., None])[..., 0].T[..., None] + sum_change.T[:, None]
    precision = _Symmetric(
        np.diagonal(before, axis1=-2, axis2=-1).T[..., None] + weight_change.T[:, None],
        before[:, _NEXT, _LAST].T[..., None],
    )
    mean = precision.solved(information)
    gained = (mean * information).sum(axis=0) - np.log(precision.determinant)
    # A weight that has underflowed may still grow.
    log_weight = np.log(np.maximum(belief.tau_weights, _SMALLEST))[:, None] + 0.5 * (gained - gained[:, :1])
    relative = np.exp(log_weight - log_weight.max(axis=0))

    contrast = np.zeros((3, 1, 1))
    contrast[policy], contrast[Policy.CONSERVATIVE] = belief.spread[policy], -belief.spread[Policy.CONSERVATIVE]
    price = belief.risk_price[policy] - belief.risk_price[Policy.CONSERVATIVE]
    difference = (mean * contrast).sum(axis=0) - price
    by_tau = cumulative(difference / np.sqrt((contrast * precision.solved(contrast)).sum(axis=0)))
    probabilities: Floats = (relative * by_tau).sum(axis=0) / relative.sum(axis=0)
    return probabilities


class _Symmetric:
    """Positive definite 3 by 3 matrices, solved by their cofactors: for hundreds of them faster than one by one.

    Args:
        diagonal: shape (3, ...).
        opposite: the element outside of the row and the column of each of the diagonal; same shape, or broadcast to it.
    """

    def __init__(self, diagonal: Floats, opposite: Floats) -> None:
        self._own = diagonal[_NEXT] * diagonal[_LAST] - np.square(opposite)
        self._between = opposite[_NEXT] * opposite[_LAST] - opposite * diagonal
        self.determinant: Floats = (
            diagonal[0] * self._own[0] + opposite[2] * self._between[2] + opposite[1] * self._between[1]
        )

    def solved(self, vectors: Floats) -> Floats:
        """The inverse of each times a vector; shape (3, ...)."""
        between = self._between
        solved: Floats = self._own * vectors + between[_LAST] * vectors[_NEXT] + between[_NEXT] * vectors[_LAST]
        return solved / self.determinant
