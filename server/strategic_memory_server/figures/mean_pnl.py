"""Mean pnl and how surely it is known."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures import block_bootstrap
from strategic_memory_server.figures.autocorrelation import Autocorrelation, autocorrelation
from strategic_memory_server.figures.deviations import Deviations, deviations_of
from strategic_memory_server.figures.interval import UPPER_PROBABILITY, Interval
from strategic_memory_server.figures.student_t import quantile
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on


class IntervalMethod(enum.StrEnum):
    """How the interval of a mean was worked out."""

    STUDENT_T = "student_t"
    BLOCK_BOOTSTRAP = "block_bootstrap"


@dataclass(frozen=True, slots=True)
class MeanPnl:
    """Mean pnl of a group of trades.

    Attributes:
        mean: in the unit of pnl; None without a trade.
        interval: 95 % interval of the mean, in the same unit; None below two trades, or where all earned the same.
        method: how the interval was worked out; None together with it.
        block_trades: trades of a block of the bootstrap; None for another method.
    """

    mean: float | None
    interval: Interval | None
    method: IntervalMethod | None
    block_trades: int | None


def mean_pnl(
    pnl: FloatColumn,
    deviations: Deviations | None = None,
    dependence: Autocorrelation | None = None,
    checkpoint: Checkpoint = go_on,
) -> MeanPnl:
    """Mean pnl with its interval: of Student, or where trades depend on the one before, of a block bootstrap.

    Student's is mean +- t s / sqrt n, t the 97.5 % quantile at n - 1 degrees of freedom and s the standard deviation
    with n - 1 (Student 1908, Biometrika 6). It is for independent trades: where `autocorrelation` is significant, the
    interval is that of `block_bootstrap`.

    Args:
        pnl: pnl of each trade, oldest first.
        deviations: those of `pnl`, where they are known already.
        dependence: its autocorrelation, where that is known already.
        checkpoint: called now and then while it resamples.
    """
    if not pnl.size:
        return MeanPnl(None, None, None, None)
    apart = deviations or deviations_of(pnl)
    if not apart.spread:
        return MeanPnl(apart.mean, None, None, None)
    dependence = dependence or autocorrelation(pnl, apart)
    if dependence.lag_one is not None and dependence.significant:
        length = block_bootstrap.block_length(pnl.size, dependence.lag_one)
        interval = block_bootstrap.mean_interval(pnl, length, apart, checkpoint)
        return MeanPnl(apart.mean, interval, IntervalMethod.BLOCK_BOOTSTRAP, length)
    return MeanPnl(apart.mean, _student_interval(apart), IntervalMethod.STUDENT_T, None)


def _student_interval(apart: Deviations) -> Interval:
    trades = apart.scaled.size
    standard_error = apart.in_unit(math.sqrt(apart.scaled_variance / trades))
    reach = quantile(UPPER_PROBABILITY, trades - 1) * standard_error
    return Interval(apart.mean - reach, apart.mean + reach)
