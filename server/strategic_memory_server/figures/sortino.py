"""Sortino ratio of a trade."""

from __future__ import annotations

import math

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.deviations import Deviations, deviations_of
from strategic_memory_server.figures.finite import ratio


def sortino(pnl: FloatColumn, deviations: Deviations | None = None) -> float | None:
    """Mean pnl / downside deviation, which is sqrt(sum min(x, 0)^2 / n) over all n trades; None without a loss.

    The target is 0. F. A. Sortino and R. van der Meer (1991), "Downside risk", J. Portfolio Management 17.

    Args:
        pnl: pnl of each trade.
        deviations: those of `pnl`, where they are known already.
    """
    worst = float(pnl.min(initial=0.0))
    if worst == 0.0:
        return None
    exponent = math.frexp(worst)[1]
    squares = float(np.square(np.ldexp(np.minimum(pnl, 0.0), -exponent)).sum())
    downside = float(np.ldexp(math.sqrt(squares / pnl.size), exponent))
    return ratio((deviations or deviations_of(pnl)).mean, downside)
