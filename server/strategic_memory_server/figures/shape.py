"""Shape of the distribution of pnl: skewness and kurtosis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.deviations import Deviations, deviations_of

MIN_TRADES_FOR_SKEWNESS = 3
"""Of two trades the skewness is 0 whatever they earned."""

MIN_TRADES_FOR_KURTOSIS = 4
"""Of two trades the kurtosis is 1, and of three 1.5, whatever they earned."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Moment estimators g1 and b2, without a correction for bias; both are ratios, without a unit.

    Attributes:
        skewness: m3 / m2^1.5; None below 3 trades, or where all earned the same.
        kurtosis: m4 / m2^2, which is 3 for a normal distribution (not the excess over it); None below 4 trades, or
            where all earned the same.
    """

    skewness: float | None
    kurtosis: float | None


def shape(pnl: FloatColumn, deviations: Deviations | None = None) -> Shape:
    """Work out skewness and kurtosis from the central moments m_k = sum (x - mean)^k / n.

    D. N. Joanes and C. A. Gill (1998), "Comparing measures of sample skewness and kurtosis", The Statistician 47. These
    estimators never break kurtosis >= skewness^2 + 1, so the standard error of the Sharpe ratio always exists.

    Args:
        pnl: pnl of each trade.
        deviations: those of `pnl`, where they are known already.
    """
    if pnl.size < MIN_TRADES_FOR_SKEWNESS:
        return Shape(None, None)
    apart = (deviations or deviations_of(pnl)).scaled
    squares = np.square(apart)
    second = float(squares.mean())
    if not second:
        return Shape(None, None)
    skewness = float((squares * apart).mean()) / (second * second**0.5)
    if pnl.size < MIN_TRADES_FOR_KURTOSIS:
        return Shape(skewness, None)
    return Shape(skewness, float(np.square(squares).mean()) / (second * second))
