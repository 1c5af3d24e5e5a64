"""The evidence estimator done the plain way: weights one by one, the whole covariance matrix, 50 decimals.

Written from the definitions only. It shares no code with the estimator and none of its shortcuts: the prior covariance
of all cells is built entry by entry and inverted by elimination, and probabilities come from scipy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
from evidence_samples import Trade
from scipy import integrate, special

from strategic_memory_server.evidence.settings import EvidenceSettings

Cell = tuple[str, int]
Matrix = list[list[Decimal]]

_DIGITS = 50
_HALF, _ZERO, _ONE = Decimal("0.5"), Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class DenseCell:
    """Expected figures of one policy in one regime; money in the unit of pnl."""

    spread: float
    mean_pnl: float
    deviation: float
    utility: float
    best: float
    beats: float
    positive: float


@dataclass(frozen=True, slots=True)
class Dense:
    """Expected figures of all cells, and of all."""

    cells: dict[Cell, DenseCell]
    regime_spread: dict[str, float]
    tau_weights: list[float]
    unit: float


@dataclass(slots=True)
class _Sums:
    weight: dict[Cell, Decimal]
    first: dict[Cell, Decimal]
    second: dict[Cell, Decimal]


@dataclass(slots=True)
class _Scale:
    unit: Decimal
    sigma: dict[Cell, Decimal]
    regime: dict[str, Decimal]
    risk: Decimal


@dataclass(slots=True)
class _Believed:
    """The posterior for one tau."""

    mean: list[Decimal]
    covariance: Matrix
    log_evidence: Decimal


def dense_estimate(trades: Sequence[Trade], regimes: Sequence[str], settings: EvidenceSettings) -> Dense:
    """Everything that is said of some regimes, from the trades."""
    names = sorted({*regimes, *(trade.regime for trade in trades)})
    cells = [(name, policy) for name in names for policy in range(3)]
    with localcontext() as context:
        context.prec = _DIGITS
        sums = _sums(trades, cells, Decimal(settings.decay))
        scale = _scale(sums, names, Decimal(settings.prior_observations))
        believed = [_posterior(cells, sums, scale, Decimal(tau)) for tau in settings.prior_spreads]
        highest = max(posterior.log_evidence for posterior in believed)
        relative = [(posterior.log_evidence - highest).exp() for posterior in believed]
        weights = [float(one / sum(relative)) for one in relative]
        found = {cell: _cell(cells, cell, scale, believed, weights, Decimal(settings.risk_aversion)) for cell in cells}
        return Dense(found, {name: float(scale.regime[name].sqrt()) for name in names}, weights, float(scale.unit))


def _sums(trades: Sequence[Trade], cells: list[Cell], decay: Decimal) -> _Sums:
    sums = _Sums(*(dict.fromkeys(cells, _ZERO) for _ in range(3)))
    for place, trade in enumerate(trades):
        weight = decay ** sum(other.regime == trade.regime for other in trades[place + 1 :])
        cell, pnl = (trade.regime, trade.policy), Decimal(trade.pnl)
        sums.weight[cell] += weight
        sums.first[cell] += weight * pnl
        sums.second[cell] += weight * pnl * pnl
    return sums


def _scale(sums: _Sums, names: list[str], v: Decimal) -> _Scale:
    total = sum(sums.second.values(), _ZERO)
    if not total:
        return _Scale(_ONE, dict.fromkeys(sums.weight, _ONE), dict.fromkeys(names, _ONE), _ONE)
    square = total / sum(sums.weight.values(), _ZERO)

    def rho(chosen: list[Cell]) -> Decimal:
        squares, weights = (sum((values[cell] for cell in chosen), _ZERO) for values in (sums.second, sums.weight))
        return (v * square + squares) / (v + weights)

    regime = {name: rho([(name, policy) for policy in range(3)]) for name in names}
    policy = [rho([(name, each) for name in names]) for each in range(3)]
    sigma = {
        cell: ((v * regime[cell[0]] * policy[cell[1]] / square + sums.second[cell]) / (v + sums.weight[cell])).sqrt()
        for cell in sums.weight
    }
    return _Scale(square.sqrt(), sigma, regime, (sum(policy, _ZERO) / 3).sqrt())


def _prior_covariance(one: Cell, other: Cell, tau: Decimal) -> Decimal:
    same_regime, same_policy = one[0] == other[0], one[1] == other[1]
    share = 1 + 3 * same_regime + 2 * same_policy + 4 * (same_regime and same_policy)
    return tau * tau * Decimal(share) / 10


def _posterior(cells: list[Cell], sums: _Sums, scale: _Scale, tau: Decimal) -> _Believed:
    prior = [[_prior_covariance(one, other, tau) for other in cells] for one in cells]
    precision, prior_log_det = _inverse(prior)
    for place, cell in enumerate(cells):
        precision[place][place] += sums.weight[cell]
    covariance, precision_log_det = _inverse(precision)
    information = [sums.first[cell] / scale.sigma[cell] for cell in cells]
    mean = [_dot(row, information) for row in covariance]
    return _Believed(mean, covariance, _HALF * (-prior_log_det - precision_log_det + _dot(mean, information)))


def _dot(one: Sequence[Decimal], other: Sequence[Decimal]) -> Decimal:
    return sum((a * b for a, b in zip(one, other, strict=True)), _ZERO)


def _inverse(matrix: Matrix) -> tuple[Matrix, Decimal]:
    """Inverse and log of the determinant of a positive definite matrix, by Gauss-Jordan elimination."""
    size = len(matrix)
    rows = [[*row, *(_ONE if place == column else _ZERO for column in range(size))] for place, row in enumerate(matrix)]
    log_det = _ZERO
    for pivot in range(size):
        log_det += rows[pivot][pivot].ln()
        rows[pivot] = [value / rows[pivot][pivot] for value in rows[pivot]]
        for place in range(size):
            if place != pivot:
                factor = rows[place][pivot]
                rows[place] = [a - factor * b for a, b in zip(rows[place], rows[pivot], strict=True)]
    return [row[size:] for row in rows], log_det


def _cell(
    cells: list[Cell], cell: Cell, scale: _Scale, believed: list[_Believed], weights: list[float], aversion: Decimal
) -> DenseCell:
    own = cells.index(cell)
    others = [place for place, (name, policy) in enumerate(cells) if name == cell[0] and policy != cell[1]]
    conservative = cells.index((cell[0], 0))
    sigma = [scale.sigma[each] for each in cells]
    price = [_HALF * aversion * each * each / scale.risk for each in sigma]

    def utility(posterior: _Believed, place: int) -> Decimal:
        return sigma[place] * posterior.mean[place] - price[place]

    def difference(posterior: _Believed, one: int, other: int) -> Decimal:
        return utility(posterior, one) - utility(posterior, other)

    def covariance(posterior: _Believed, minus: int, also_minus: int) -> Decimal:
        def entry(one: int, other: int) -> Decimal:
            return sigma[one] * sigma[other] * posterior.covariance[one][other]

        return entry(own, own) - entry(own, also_minus) - entry(minus, own) + entry(minus, also_minus)

    def mixed(values: Sequence[Decimal | float]) -> float:
        return float(
            sum((Decimal(weight) * Decimal(value) for weight, value in zip(weights, values, strict=True)), _ZERO)
        )

    def beats(posterior: _Believed, other: int) -> float:
        variance = covariance(posterior, other, other)
        return float(special.ndtr(float(difference(posterior, own, other) / variance.sqrt()))) if variance else 0.5

    def best(posterior: _Believed) -> float:
        one, other = others
        sd1, sd2 = covariance(posterior, one, one).sqrt(), covariance(posterior, other, other).sqrt()
        return both_positive(
            float(difference(posterior, own, one) / sd1),
            float(difference(posterior, own, other) / sd2),
            float(covariance(posterior, one, other) / (sd1 * sd2)),
        )

    means = [sigma[own] * posterior.mean[own] for posterior in believed]
    mean = mixed(means)
    variances = [
        sigma[own] ** 2 * posterior.covariance[own][own] + (each - Decimal(mean)) ** 2
        for posterior, each in zip(believed, means, strict=True)
    ]
    return DenseCell(
        spread=float(sigma[own]),
        mean_pnl=mean,
        deviation=mixed(variances) ** 0.5,
        utility=mean - float(price[own]),
        best=mixed([best(posterior) for posterior in believed]),
        beats=mixed([beats(posterior, conservative) for posterior in believed]),
        positive=mixed(
            [
                float(special.ndtr(float(posterior.mean[own] / posterior.covariance[own][own].sqrt())))
                for posterior in believed
            ]
        ),
    )


def both_positive(h: float, k: float, r: float) -> float:
    """Probability that two normal values with means h and k, variance 1 and correlation r are both positive.

    Adaptive quadrature over the first, with the step of the second as a break point.
    """
    remaining = (1.0 - r * r) ** 0.5

    def integrand(z: float) -> float:
        return float(np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * special.ndtr((k + r * z) / remaining))

    low, high = max(-h, -12.0), 12.0
    if low >= high:
        return 0.0
    step = -k / r if r else 0.0
    around = (step + width * remaining for width in (-8.0, -2.0, 0.0, 2.0, 8.0))
    edges = [low, *sorted({point for point in (*around, 0.0) if low < point < high}), high]
    return float(sum(integrate.quad(integrand, a, b, epsabs=1e-14, limit=200)[0] for a, b in pairwise(edges)))
