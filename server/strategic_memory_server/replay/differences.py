"""Whether one rule earned more than another, or whether that can be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns import FloatColumn
from strategic_memory_server.figures import block_bootstrap
from strategic_memory_server.figures.autocorrelation import autocorrelation
from strategic_memory_server.figures.interval import Interval

FEWEST_TRADES = 20
"""Below so many trades nothing is said about a difference."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean pnl of one rule less that of another, over the same trades.

    Attributes:
        rule: the one.
        against: the other.
        trades: number of trades.
        mean: mean difference, in the unit of pnl.
        interval: its 95 % interval by a circular block bootstrap; None where there is none.
        block_trades: trades of a block; None together with it.
        shown: whether the interval leaves out 0.
        statement: the same in a sentence.
    """

    rule: str
    against: str
    trades: int
    mean: float
    interval: Interval | None
    block_trades: int | None
    shown: bool
    statement: str


def difference(rule: str, against: str, earned: FloatColumn, other: FloatColumn) -> Difference:
    """Compare two rules over the same trades, oldest first, of which there is at least one."""
    apart = earned - other
    mean = float(apart.mean())
    lag_one = autocorrelation(apart).lag_one
    if not np.any(apart):
        return Difference(
            rule, against, apart.size, mean, None, None, shown=False, statement="no difference: the same pnl throughout"
        )
    if apart.size < FEWEST_TRADES or lag_one is None:
        few = f"no difference shown: {apart.size} trades are too few, or the difference never changes"
        return Difference(rule, against, apart.size, mean, None, None, shown=False, statement=few)
    length = min(block_bootstrap.block_length(apart.size, lag_one), apart.size - 1)
    interval = block_bootstrap.mean_interval(apart, length)
    shown = interval.low > 0.0 or interval.high < 0.0
    return Difference(
        rule, against, apart.size, mean, interval, length, shown=shown, statement=_statement(mean, shown=shown)
    )


def _statement(mean: float, *, shown: bool) -> str:
    if not shown:
        return "no difference shown: the interval holds 0"
    return "earned more: the interval lies above 0" if mean > 0.0 else "earned less: the interval lies below 0"
