"""Sharpe ratio of a trade, with its standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.deviations import Deviations, deviations_of
from strategic_memory_server.figures.finite import ratio
from strategic_memory_server.figures.shape import Shape, shape


@dataclass(frozen=True, slots=True)
class Sharpe:
    """Reward for risk, by trade: neither made yearly nor set against a riskless rate.

    Attributes:
        ratio: mean pnl / standard deviation of pnl; None below two trades, or where all earned the same.
        standard_error: standard error of the ratio, for independent trades; None below 4 trades, or together with it.
    """

    ratio: float | None
    standard_error: float | None


def sharpe(pnl: FloatColumn, deviations: Deviations | None = None, form: Shape | None = None) -> Sharpe:
    """Work out mean / s, s with n - 1, and its error sqrt((1 - g SR + (k - 1)/4 SR^2) / n), g skewness and k kurtosis.

    W. F. Sharpe (1966), "Mutual fund performance", J. Business 39; E. Mertens (2002), "Comments on variance of the IID
    estimator in Lo"; D. H. Bailey and M. Lopez de Prado (2012), "The Sharpe ratio efficient frontier", J. Risk 15.

    Args:
        pnl: pnl of each trade.
        deviations: those of `pnl`, where they are known already.
        form: the shape of its distribution, where that is known already.
    """
    if not pnl.size:
        return Sharpe(None, None)
    apart = deviations or deviations_of(pnl)
    if not apart.spread:
        return Sharpe(None, None)
    found = ratio(apart.scaled_mean, math.sqrt(apart.scaled_variance))
    form = form or shape(pnl, apart)
    if found is None or form.skewness is None or form.kurtosis is None:
        return Sharpe(found, None)
    variance = 1.0 - form.skewness * found + 0.25 * (form.kurtosis - 1.0) * found * found
    return Sharpe(found, math.sqrt(max(variance, 0.0) / pnl.size))
