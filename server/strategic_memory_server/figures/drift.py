"""Drift: whether recent trades earn something else than those before them did."""

from __future__ import annotations

import math
from dataclasses import dataclass

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.deviations import deviations_of
from strategic_memory_server.figures.finite import ratio


@dataclass(frozen=True, slots=True)
class Sample:
    """What a comparison of means needs to know of some trades.

    Attributes:
        trades: how many, or their effective number.
        mean: mean pnl.
        deviation: standard deviation of pnl with n - 1; 0 where unknown, for want of a second trade.
    """

    trades: float
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Drift:
    """Recent trades against the memory of those before them.

    Attributes:
        recent_trades: how many are recent.
        memory_trades: how many, or their effective number, came before.
        difference: mean of the recent minus mean of the others, in the unit of pnl; None where either has no trade.
        standard_error: of the difference, in the same unit; None where either has fewer than two trades, or where
            neither has any spread.
        statistic: Welch's t, difference / standard error: beyond 2 in size it is hardly chance; None together with it.
        degrees: degrees of freedom of the statistic by Welch and Satterthwaite; None together with it.
    """

    recent_trades: float
    memory_trades: float
    difference: float | None
    standard_error: float | None
    statistic: float | None
    degrees: float | None


def sample_of(pnl: FloatColumn) -> Sample:
    """Describe some trades; those of an empty sample have a mean of 0, which is not looked at."""
    if not pnl.size:
        return Sample(0.0, 0.0, 0.0)
    apart = deviations_of(pnl)
    return Sample(float(pnl.size), apart.mean, apart.standard_deviation if pnl.size > 1 else 0.0)


def drift(recent: Sample, memory: Sample) -> Drift:
    """Compare two independent samples by the t of Welch, which does not take their spreads to be the same.

    B. L. Welch (1947), "The generalization of Student's problem when several different population variances are
    involved", Biometrika 34; degrees of freedom: F. E. Satterthwaite (1946), Biometrics Bulletin 2.
    """
    if not (recent.trades and memory.trades):
        return Drift(recent.trades, memory.trades, None, None, None, None)
    difference = recent.mean - memory.mean
    own = recent.deviation / math.sqrt(recent.trades)
    standard_error = math.hypot(own, memory.deviation / math.sqrt(memory.trades))
    statistic = ratio(difference, standard_error)
    if statistic is None or min(recent.trades, memory.trades) <= 1.0:
        return Drift(recent.trades, memory.trades, difference, None, None, None)
    share = (own / standard_error) ** 2
    inverse = share**2 / (recent.trades - 1.0) + (1.0 - share) ** 2 / (memory.trades - 1.0)
    return Drift(recent.trades, memory.trades, difference, standard_error, statistic, 1.0 / inverse)


def recent_drift(pnl: FloatColumn, recent_trades: int) -> Drift:
    """Compare the newest trades with all before them.

    Args:
        pnl: pnl of each trade, oldest first.
        recent_trades: how many of the newest are recent, at least 1.
    """
    if recent_trades < 1:
        raise ValueError(f"recent_trades is {recent_trades}; give at least 1")
    return drift(sample_of(pnl[-recent_trades:]), sample_of(pnl[:-recent_trades]))
