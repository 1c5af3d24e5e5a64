"""How many more observations it may take until a policy is recommended in place of CONSERVATIVE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.normal import cumulative
from strategic_memory_server.memory.policy import Policy

FARTHEST = 100_000
"""Nothing is said beyond so many observations."""

_SMALLEST = 1e-300
_NEXT, _LAST = [1, 2, 0], [2, 0, 1]
# numpy.unique would import masked arrays, more than a MiB that nothing else takes.
_COUNTS = np.array([0.0, *sorted(set(np.round(np.geomspace(1, FARTHEST, 60)).tolist()))])


@dataclass(frozen=True, slots=True, eq=False)
class RegimeBeliefs:
    """What is believed of some regimes; money in one unit.

    Attributes:
        weight: weight of the observations of each policy, shape (regimes, 3).
        scaled_sum: weighed sum of their pnl over the spread of each policy, same shape.
        spread: spread of each policy's pnl, same shape.
        risk_price: what the risk of each takes off its mean pnl, same shape.
        theta: standardised means, over all taus, same shape.
        theta_by_tau: for each tau, shape (taus, regimes, 3).
        covariance: of the standardised means, for each tau, shape (taus, regimes, 3, 3).
        tau_weights: shape (taus,).
        missing_weight: what each policy lacks of the weight that it needs, below 0 where it has more; same as `weight`.
        is_tie: for each tau, whether no policy beats another there; None: never.
    """

    weight: Floats
    scaled_sum: Floats
    spread: Floats
    risk_price: Floats
    theta: Floats
    theta_by_tau: Floats
    covariance: Floats
    tau_weights: Floats
    missing_weight: Floats
    is_tie: NDArray[np.bool_] | None = None


def observations_until(
    beliefs: RegimeBeliefs, asked: Sequence[tuple[int, Policy]], required_probability: float, decay: float
) -> dict[tuple[int, Policy], int | None]:
    """Estimate how many more observations of a regime, half of a policy and half CONSERVATIVE, it takes.

    Were both to go on earning, on average, what they are now believed to earn: the answer is the first k of a grid, in
    steps of about a fifth, at which the policy beats CONSERVATIVE with the required probability and has the weight that
    it needs; 0 if it does already.

    Args:
        beliefs: what is believed now.
        asked: the place of a regime in it and a policy, for each answer; all are worked out at once.
        required_probability: probability of beating CONSERVATIVE that a policy needs.
        decay: what each observation multiplies the weights before it by.

    Returns:
        None where it is not defined: the policy is not expected to be better, or it takes more than `FARTHEST`
        observations, or old observations are forgotten too fast for it ever to happen.
    """
    found: dict[tuple[int, Policy], int | None] = dict.fromkeys(asked)
    expected = (beliefs.spread * beliefs.theta - beliefs.risk_price).tolist()
    better = [(place, policy) for place, policy in asked if expected[place][policy] > expected[place][0]]
    if better:
        is_sure = _probabilities(beliefs, better, decay) >= required_probability
        enough = is_sure & _have_weight(beliefs, better, decay)
        for each, is_enough in zip(better, enough, strict=True):
            if is_enough.any():
                found[each] = int(_COUNTS[is_enough.argmax()])
    return found


def _left_and_added(decay: float) -> tuple[Floats, Floats]:
    """What each count of the grid leaves of the weights before it, and adds to that of each of the two policies."""
    left = np.power(decay, _COUNTS)
    return left, 0.5 * _COUNTS if decay == 1.0 else 0.5 * (1.0 - left) / (1.0 - decay)


def _have_weight(beliefs: RegimeBeliefs, asked: Sequence[tuple[int, Policy]], decay: float) -> NDArray[np.bool_]:
    """Whether each policy has the weight that it needs after each count of the grid; shape (asked, counts)."""
    left, added = _left_and_added(decay)
    weight, missing = (
        np.array([values[place, policy] for place, policy in asked])[:, None]
        for values in (beliefs.weight, beliefs.missing_weight)
    )
    found: NDArray[np.bool_] = added - (1.0 - left) * weight >= missing
    return found


def _probabilities(beliefs: RegimeBeliefs, asked: Sequence[tuple[int, Policy]], decay: float) -> Floats:
    """The probability of beating CONSERVATIVE after each count of the grid; shape (asked, counts).

    Derived here: k more observations multiply the sums of the regime by d = decay^k, add a = (1 - d) / (1 - decay) / 2
    to the weights of both and a theta to their scaled sums. As only this regime changes, its posterior N(m, V) for each
    tau is all that is needed: with D = diag(change of W) and f = change of S1/sigma, V'^-1 = V^-1 + D,
    m' = V' (V^-1 m + f), and log q' = log q + (log|V'| - log|V| + m'V'^-1 m' - m'V^-1 m) / 2 up to a constant.
    """
    # Shapes from here on: (3, asked, taus, counts).
    places, policies = [place for place, _ in asked], [policy for _, policy in asked]
    chosen = np.arange(len(asked))
    observed = np.zeros((3, len(asked), 1, 1))
    observed[policies, chosen] = observed[Policy.CONSERVATIVE] = 1.0
    left, added = _left_and_added(decay)
    added = added * observed
    weight_change = added - (1.0 - left) * _first(beliefs.weight[places])
    sum_change = added * _first(beliefs.theta[places]) - (1.0 - left) * _first(beliefs.scaled_sum[places])

    before = np.asarray(np.linalg.inv(beliefs.covariance), dtype=np.float64)
    information = _by_tau((before @ beliefs.theta_by_tau[..., None])[..., 0][:, places]) + sum_change
    before = before[:, places]
    precision = _Symmetric(
        _by_tau(np.diagonal(before, axis1=-2, axis2=-1)) + weight_change, _by_tau(before[..., _NEXT, _LAST])
    )
    mean = precision.solved(information)
    gained = (mean * information).sum(axis=0) - np.log(precision.determinant)
    # A weight that has underflowed may still grow.
    log_weight = np.log(np.maximum(beliefs.tau_weights, _SMALLEST))[:, None] + 0.5 * (gained - gained[..., :1])
    relative = np.exp(log_weight - log_weight.max(axis=-2, keepdims=True))

    spread, risk_price = beliefs.spread[places], beliefs.risk_price[places]
    contrast = observed * _first(spread)
    contrast[Policy.CONSERVATIVE] *= -1.0
    price = risk_price[chosen, policies] - risk_price[:, Policy.CONSERVATIVE]
    difference = (mean * contrast).sum(axis=0) - price[:, None, None]
    by_tau = cumulative(difference / np.sqrt((contrast * precision.solved(contrast)).sum(axis=0)))
    if beliefs.is_tie is not None:
        by_tau = np.where(beliefs.is_tie[:, None], 0.0, by_tau)
    probabilities: Floats = (relative * by_tau).sum(axis=-2) / relative.sum(axis=-2)
    return probabilities


def _first(by_policy: Floats) -> Floats:
    """Let the policies, shape (asked, 3), be the first of the four axes."""
    return by_policy.T[..., None, None]


def _by_tau(values: Floats) -> Floats:
    """Do as `_first` for values of each tau, shape (taus, asked, 3)."""
    return values.T[..., None]


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
