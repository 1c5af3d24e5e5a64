"""Whether a result depends on the one before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.deviations import Deviations, deviations_of
from strategic_memory_server.figures.interval import NORMAL_DEVIATIONS

MIN_TRADES = 3
"""Of two trades the autocorrelation is -1/2 whatever they earned."""

MIN_TRADES_FOR_SIGNIFICANCE = 20
"""Below this many, the distribution that significance is judged by does not hold yet."""


@dataclass(frozen=True, slots=True)
class Autocorrelation:
    """Dependence between neighbouring trades.

    Attributes:
        lag_one: autocorrelation at lag 1, -1 to 1; None below 3 trades, or where all earned the same.
        significant: whether it is too far from 0 for independent trades, at the 5 % level.
    """

    lag_one: float | None
    significant: bool


def autocorrelation(pnl: FloatColumn, deviations: Deviations | None = None) -> Autocorrelation:
    """Autocorrelation at lag 1: sum d_t d_(t+1) / sum d_t^2, d the deviations from the mean of all.

    G. E. P. Box and G. M. Jenkins (1970), "Time Series Analysis", section 2.1. Of independent trades it is about
    normal with variance 1/n (M. S. Bartlett 1946, "On the theoretical specification and sampling properties of
    autocorrelated time-series", J. R. Statist. Soc. Suppl. 8), so beyond 1.96 / sqrt n it is significant.

    Args:
        pnl: pnl of each trade, oldest first.
        deviations: those of `pnl`, where they are known already.
    """
    if pnl.size < MIN_TRADES:
        return Autocorrelation(None, significant=False)
    apart = (deviations or deviations_of(pnl)).scaled
    squares = float(np.square(apart).sum())
    if not squares:
        return Autocorrelation(None, significant=False)
    lag_one = min(max(float((apart[:-1] * apart[1:]).sum()) / squares, -1.0), 1.0)
    enough = pnl.size >= MIN_TRADES_FOR_SIGNIFICANCE
    return Autocorrelation(lag_one, significant=enough and abs(lag_one) > NORMAL_DEVIATIONS / math.sqrt(pnl.size))
