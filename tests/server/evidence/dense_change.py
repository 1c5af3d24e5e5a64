"""The evidence with change done the plain way: every weight by itself, whole covariance matrices.

Written from the formulas of docs/evidence.md only. It shares no code with the estimator and none of its shortcuts:
each posterior is that of all cells at once. `dense_regime.py` has what is said of one regime by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from evidence_samples import Trade
from scipy import special
from server.evidence.dense_regime import HAZARDS, PRIOR, TAUS, Array, DenseRegime, log_evidence, log_sum, shares_of

TIES, TIED = 0.1, 0.001


@dataclass(frozen=True, slots=True)
class DensePolicy:
    """Expected figures of one policy in the regime; money in the unit of pnl."""

    weight: float
    spread: float
    mean_pnl: float
    deviation: float
    utility: float
    best: float
    beats: float
    positive: float


def dense_change(trades: Sequence[Trade], asked: str, decay: float, aversion: float) -> list[DensePolicy]:
    """What is said of the policies of a regime."""
    regimes: dict[str, DenseRegime] = {}
    for trade in trades:
        regimes.setdefault(trade.regime, DenseRegime(decay)).add((trade.policy, trade.pnl))
    regimes.setdefault(asked, DenseRegime(decay))
    names = sorted(regimes)
    sigma, risk = _scale([regimes[name] for name in names])
    own = names.index(asked)
    together = _together([regimes[name] for name in names])
    likely = [_likely(regimes[name], of_taus.sum(0).tolist()) for name, of_taus in zip(names, together, strict=True)]

    weights, sums = [], []
    for place in range(together[own].shape[1]):
        stretches = list(likely)
        stretches[own] = _likely(regimes[asked], [float(block == place) for block in range(together[own].shape[1])])
        weights.append(np.concatenate([counted for counted, _ in stretches]))
        sums.append(np.concatenate([earned for _, earned in stretches]) / sigma.ravel())
    weight, scaled, at = np.array(weights), np.array(sums), slice(3 * own, 3 * own + 3)
    mixture: list[tuple[float, bool, Array, Array]] = []
    for tau, of_blocks in zip(TAUS, together[own], strict=True):
        apart = log_evidence(_prior(len(names), tau, 1.0), weight, scaled)
        tied = log_evidence(_prior(len(names), tau, TIED), weight, scaled)
        for is_tie, shares in ((False, (1.0 - TIES) * of_blocks), (True, TIES * of_blocks * np.exp(tied - apart))):
            covariance = _prior(len(names), tau, TIED if is_tie else 1.0)
            posterior = np.linalg.inv(np.linalg.inv(covariance) + weight[..., None] * np.eye(len(covariance)))
            mean = (posterior @ scaled[..., None])[:, at, 0]
            for place, share in enumerate(shares.tolist()):
                mixture.append((share, is_tie, mean[place], np.asarray(posterior[place, at, at])))
    whole = math.fsum(each[0] for each in mixture)
    mixture = [(share / whole, is_tie, mean, covariance) for share, is_tie, mean, covariance in mixture]
    return _figures(mixture, sigma[own], 0.5 * aversion * sigma[own] ** 2 / risk, likely[own][0])


def _together(regimes: Sequence[DenseRegime]) -> list[Array]:
    """For each regime, the probability of each tau and block that its present stretch began with: (taus, blocks)."""
    by_tau = [[regime.log_began(tau) for regime in regimes] for tau in TAUS]
    pairs = [(tau, hazard) for tau in range(len(TAUS)) for hazard in range(len(HAZARDS))]
    likely = shares_of([sum(log_sum(of_regime[hazard]) for of_regime in by_tau[tau]) for tau, hazard in pairs])
    found = [np.zeros((len(TAUS), len(regime.blocks))) for regime in regimes]
    for (tau, hazard), probability in zip(pairs, likely, strict=True):
        for place, of_regime in enumerate(by_tau[tau]):
            found[place][tau] += probability * np.array(shares_of(of_regime[hazard]))
    return found


def _likely(regime: DenseRegime, began: Sequence[float]) -> tuple[Array, Array]:
    """Sums of the trades, each as often as it is probably of the present stretch."""
    weight, earned = np.zeros(3), np.zeros(3)
    for place, block in enumerate(regime.blocks):
        counts = sum(began[: place + 1])
        for policy, pnl in block:
            weight[policy] += counts
            earned[policy] += counts * pnl
    return weight, earned


def _scale(regimes: Sequence[DenseRegime]) -> tuple[Array, float]:
    weight, _, squares = np.swapaxes([regime.decayed() for regime in regimes], 0, 1)
    if not squares.sum():
        return np.ones_like(weight), 1.0
    square = squares.sum() / weight.sum()
    of_regime = (PRIOR * square + squares.sum(1)) / (PRIOR + weight.sum(1))
    of_policy = (PRIOR * square + squares.sum(0)) / (PRIOR + weight.sum(0))
    centre = of_regime[:, None] * of_policy / square
    return np.sqrt((PRIOR * centre + squares) / (PRIOR + weight)), math.sqrt(of_policy.mean())


def _prior(regimes: int, tau: float, apart: float) -> Array:
    cells = [(regime, policy) for regime in range(regimes) for policy in range(3)]
    return tau**2 * np.array(
        [
            [0.1 + 0.3 * (r == s) + apart * (0.2 * (p == q) + 0.4 * (r == s and p == q)) for s, q in cells]
            for r, p in cells
        ]
    )


def _figures(
    mixture: Sequence[tuple[float, bool, Array, Array]], sigma: Array, price: Array, weight: Array
) -> list[DensePolicy]:
    share = np.array([each[0] for each in mixture])
    is_tie = np.array([each[1] for each in mixture])
    mean = sigma * np.array([each[2] for each in mixture])
    covariance = np.outer(sigma, sigma) * np.array([each[3] for each in mixture])
    utility = mean - price

    def apart(one: int, other: int) -> tuple[Array, Array]:
        contrast = np.zeros(3)
        contrast[one], contrast[other] = 1.0, -1.0
        return utility @ contrast, covariance @ contrast

    found = []
    for policy in range(3):
        others = [other for other in range(3) if other != policy]
        (first, toward_first), (second, toward_second) = (apart(policy, other) for other in others)
        variances = [
            toward[:, policy] - toward[:, other]
            for toward, other in zip((toward_first, toward_second), others, strict=True)
        ]
        shared = toward_first[:, policy] - toward_first[:, others[1]]
        best = _both_positive(first, second, variances[0], variances[1], shared)
        against, toward = apart(policy, 0)
        beats = special.ndtr(against / np.sqrt(toward[:, policy] - toward[:, 0])) if policy else np.zeros(len(share))
        middle = float(share @ mean[:, policy])
        variance = share @ (covariance[:, policy, policy] + (mean[:, policy] - middle) ** 2)
        found.append(
            DensePolicy(
                weight=float(weight[policy]),
                spread=float(sigma[policy]),
                mean_pnl=middle,
                deviation=math.sqrt(variance),
                utility=middle - float(price[policy]),
                best=float(share @ best),
                beats=float(share @ np.where(is_tie, 0.0, beats)),
                positive=float(share @ special.ndtr(mean[:, policy] / np.sqrt(covariance[:, policy, policy]))),
            )
        )
    return found


_NODES = np.linspace(-9.0, 9.0, 1_201)
_DENSITY = np.exp(-0.5 * _NODES**2) / np.sqrt(2.0 * np.pi) * (_NODES[1] - _NODES[0])


def _both_positive(one: Array, other: Array, variance: Array, other_variance: Array, shared: Array) -> Array:
    """Probability that two normal values are both positive, by a sum over the shared part of an orthogonal pair.

    one = sqrt(v) z with z from -mean/sqrt(v) on; given z the other is normal. The trapezium rule over all z, with the
    half line counted by the probability that the first is positive given the second's own part, is exact to 1e-12.
    """
    h, k = one / np.sqrt(variance), other / np.sqrt(other_variance)
    r = np.clip(shared / np.sqrt(variance * other_variance), -0.999999, 0.999999)
    # Both are made of one common value c: h + sqrt|r| c + own part, so that both halves are smooth in c.
    common, left = np.sqrt(np.abs(r))[:, None], np.sqrt(1.0 - np.abs(r))[:, None]
    first = special.ndtr((h[:, None] + common * _NODES) / left)
    second = special.ndtr((k[:, None] + np.sign(r)[:, None] * common * _NODES) / left)
    return np.asarray((first * second) @ _DENSITY)
