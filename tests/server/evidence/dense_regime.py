"""One regime with change done the plain way: the list of its trades, cut into blocks, each stretch summed anew.

Written from the formulas of docs/evidence.md only; see `dense_change.py`, which puts the regimes together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pair = tuple[int, float]
"""Policy and pnl of a trade."""

TAUS = (0.03, 0.1, 0.3)
PRIOR, HAZARDS, MOST, FULL, KEPT = 10.0, (1e-4, 1.0 / 400.0), 10, 10, 0.1
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
        likely = shares_of(one_change)

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
            [log_sum(each) - sum(math.log1p(hazard * math.exp(one)) for one in length[1:]) for each in of_hazard]
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
    return log_sum([float(log_evidence(_of_means(tau), weight, scaled_sum)) for tau in TAUS]) - math.log(len(TAUS))


def log_evidence(covariance: Array, weight: Array, scaled_sum: Array) -> Array:
    """Log density of observations of means with this covariance, up to a constant; of some stretches at once."""
    precision = np.linalg.inv(covariance) + weight[..., None] * np.eye(len(covariance))
    solved = np.linalg.solve(precision, scaled_sum[..., None])[..., 0]
    explained = (scaled_sum * solved).sum(-1)
    return np.asarray(0.5 * (explained - np.linalg.slogdet(precision)[1] - np.linalg.slogdet(covariance)[1]))


def log_sum(values: Sequence[float]) -> float:
    """ln of the sum of what these are the logarithms of."""
    highest = max(values)
    return highest + math.log(math.fsum(math.exp(value - highest) for value in values))


def shares_of(logarithms: Sequence[float]) -> list[float]:
    """What each is of the sum of all, of which these are the logarithms."""
    whole = log_sum(logarithms)
    return [math.exp(value - whole) for value in logarithms]
