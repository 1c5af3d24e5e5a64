"""The evidence with change done the plain way: lists of trades, every weight by itself, whole covariance matrices.

Written from the formulas of docs/evidence.md only. It shares no code with the estimator and none of its shortcuts: a
block is the list of its trades, every stretch is summed anew, and each posterior is that of all cells at once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from evidence_samples import Trade
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Pair = tuple[int, float]
"""Policy and pnl of a trade."""

TAUS = (0.03, 0.1, 0.3)
PRIOR, HAZARDS, MOST, FULL, TIES, TIED, KEPT = 10.0, (1e-4, 1.0 / 400.0), 10, 10, 0.1, 0.001, 0.1
FARTHEST, MOST_CARRIED = 3.0, 0.8


@dataclass(slots=True)
class DenseRegime:
    """A regime: its trades, cut into blocks."""

    decay: float
    trades: list[Pair] = field(default_factory=list)
    blocks: list[list[Pair]] = field(default_factory=lambda: [[]])
    residuals: list[float] = field(default_factory=list)

    def add(self, trade: Pair) -> None:
        """Add the newest trade."""
        self.trades.append(trade)
        self.blocks[-1].append(trade)
        self.residuals.append(self._residual(trade))
        if len(self.blocks[-1]) >= FULL:
            if len(self.blocks) == MOST:
                self._merge()
            self.blocks.append([])

    def _merge(self) -> None:
        counted, scaled = self._as_looked_at()
        places = range(len(self.blocks))
        one_change = [
            (math.log(HAZARDS[1] * self._between(place)) if place else 0.0)
            + _of_stretch(counted[:place].sum(0), scaled[:place].sum(0))
            + _of_stretch(counted[place:].sum(0), scaled[place:].sum(0))
            for place in places
        ]
        likely = _shares(one_change)

        def share(place: int) -> float:
            age = sum(len(block) for block in self.blocks[place + 2 :])
            length = len(self.blocks[place]) + len(self.blocks[place + 1])
            return length / (age + 10) * (KEPT + likely[place + 1])

        place = min(places[:-1], key=share)
        self.blocks[place] += self.blocks.pop(place + 1)

    def _between(self, place: int) -> float:
        return max((len(self.blocks[place - 1]) + len(self.blocks[place])) / 2, 0.5)

    def _residual(self, trade: Pair) -> float:
        policy, pnl = trade
        weight, earned, squares = self.decayed()
        expected = earned[policy] / (PRIOR + weight[policy])
        return float(np.clip((pnl - expected) / _sigma(weight, squares)[policy], -FARTHEST, FARTHEST))

    def _tells(self) -> float:
        """What observations count for, where results depend on the one before."""
        squares = math.fsum(each**2 for each in self.residuals)
        if squares < 1.0:
            return 1.0
        products = math.fsum(one * other for one, other in itertools.pairwise(self.residuals))
        carried = min(max(products / squares - squares**-0.5, 0.0), MOST_CARRIED)
        return float((1.0 - carried) / (1.0 + carried))

    def decayed(self) -> Array:
        """Sums of weight times pnl to the powers 0, 1 and 2, by policy."""
        weights = self.decay ** np.arange(len(self.trades))[::-1]
        pnl = np.array([pnl for _, pnl in self.trades])
        chosen = np.equal.outer([policy for policy, _ in self.trades], range(3))
        return np.asarray(weights * [np.ones_like(pnl), pnl, pnl * pnl] @ chosen.reshape(-1, 3))

    def log_began(self, tau: float) -> list[list[float]]:
        """By hazard, ln of how likely all trades are with the present stretch beginning at each block.

        Every way to cut the trades into stretches is looked at by itself.
        """
        counted, scaled = self._as_looked_at()
        last = len(self.blocks)
        ends = [(start, end) for start in range(last) for end in range(start + 1, last + 1)]
        weights, sums = (np.array([each[start:end].sum(0) for start, end in ends]) for each in (counted, scaled))
        evidence = dict(zip(ends, log_evidence(_of_means(tau), weights, sums).tolist(), strict=True))
        length = [0.0, *(math.log(self._between(place)) for place in range(1, last))]
        found: list[list[list[float]]] = [[[] for _ in range(last)] for _ in HAZARDS]
        for cuts in itertools.product((False, True), repeat=last - 1):
            starts = [0, *(place + 1 for place, is_cut in enumerate(cuts) if is_cut)]
            way = sum(evidence[stretch] for stretch in zip(starts, [*starts[1:], last], strict=True))
            way += sum(length[start] for start in starts[1:])
            for of_hazard, hazard in zip(found, HAZARDS, strict=True):
                of_hazard[starts[-1]].append(way + (len(starts) - 1) * math.log(hazard))
        return [
            [_log_sum(each) - sum(math.log1p(hazard * math.exp(one)) for one in length[1:]) for each in of_hazard]
            for of_hazard, hazard in zip(found, HAZARDS, strict=True)
        ]

    def _as_looked_at(self) -> tuple[Array, Array]:
        """Weight and scaled sum of each block, as they count in looking for change."""
        weight, _, squares = self.decayed()
        sigma, tells = _sigma(weight, squares), self._tells()
        counted, scaled = np.zeros((len(self.blocks), 3)), np.zeros((len(self.blocks), 3))
        for place, block in enumerate(self.blocks):
            for policy in range(3):
                pnl = [each for chosen, each in block if chosen == policy]
                wide = (PRIOR + sum(each * each for each in pnl) / sigma[policy] ** 2) / (PRIOR + len(pnl))
                counted[place, policy] = tells * len(pnl) / max(wide, 1.0)
                scaled[place, policy] = tells * sum(pnl) / (sigma[policy] * max(wide, 1.0))
        return counted, scaled


def _sigma(weight: Array, squares: Array) -> Array:
    of_regime = squares.sum() / weight.sum() if squares.sum() else 1.0
    return np.asarray(np.sqrt((PRIOR * of_regime + squares) / (PRIOR + weight)))


def _of_means(tau: float) -> Array:
    return tau**2 * (0.4 * np.ones((3, 3)) + 0.6 * np.eye(3))


def _of_stretch(weight: Array, scaled_sum: Array) -> float:
    """Log evidence of a stretch, mixed over the spreads of means."""
    return _log_sum([float(log_evidence(_of_means(tau), weight, scaled_sum)) for tau in TAUS]) - math.log(len(TAUS))


def log_evidence(covariance: Array, weight: Array, scaled_sum: Array) -> Array:
    """Log density of observations of means with this covariance, up to a constant; of some stretches at once."""
    precision = np.linalg.inv(covariance) + weight[..., None] * np.eye(len(covariance))
    solved = np.linalg.solve(precision, scaled_sum[..., None])[..., 0]
    explained = (scaled_sum * solved).sum(-1)
    return np.asarray(0.5 * (explained - np.linalg.slogdet(precision)[1] - np.linalg.slogdet(covariance)[1]))


def _log_sum(values: Sequence[float]) -> float:
    highest = max(values)
    return highest + math.log(math.fsum(math.exp(value - highest) for value in values))


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
    likely = _shares([sum(_log_sum(of_regime[hazard]) for of_regime in by_tau[tau]) for tau, hazard in pairs])
    found = [np.zeros((len(TAUS), len(regime.blocks))) for regime in regimes]
    for (tau, hazard), probability in zip(pairs, likely, strict=True):
        for place, of_regime in enumerate(by_tau[tau]):
            found[place][tau] += probability * np.array(_shares(of_regime[hazard]))
    return found


def _shares(logarithms: Sequence[float]) -> list[float]:
    whole = _log_sum(logarithms)
    return [math.exp(value - whole) for value in logarithms]


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
