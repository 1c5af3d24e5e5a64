"""Whether one rule earned more than another, or whether that can be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures import block_bootstrap
from strategic_memory_server.figures.autocorrelation import autocorrelation
from strategic_memory_server.figures.finite import ROUNDING
from strategic_memory_server.figures.interval import Interval
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.judging.compared import Compared
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on

FEWEST_TRADES = 20
"""Below so many trades at which two rules differ nothing is said: of four with one sign chance makes an eighth."""

_SAME = "no difference: the same pnl throughout"
_NEVER_CHANGES = "no difference shown: it is the same at every trade, which says nothing about chance"


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


def differences(compared: Compared, best: Rule | None, checkpoint: Checkpoint) -> list[Difference]:
    """Compare each rule with the reference rules, and with the best fixed policy.

    Args:
        compared: what each rule earned.
        best: the fixed policy that earned most, if any is compared.
        checkpoint: called now and then.
    """
    against = [Rule.REFERENCE] if Rule.REFERENCE in compared.rules else []
    if best is not None:
        against.append(best)
    pairs = [(rule, other) for other in against for rule in compared.rules if rule is not other]
    earned = {rule: compared.earned(rule) for rule in dict.fromkeys(rule for pair in pairs for rule in pair)}
    return [difference(rule, other, earned[rule], earned[other], checkpoint) for rule, other in pairs]


def difference(
    rule: str, against: str, earned: FloatColumn, other: FloatColumn, checkpoint: Checkpoint = go_on
) -> Difference:
    """Compare two rules over the same trades, oldest first, of which there is at least one."""
    apart = _apart(earned, other)
    mean = float(apart.mean())
    lag_one = autocorrelation(apart).lag_one
    if not np.any(apart):
        return _without_interval(rule, against, apart.size, mean, _SAME)
    if (differing := int(np.count_nonzero(apart))) < FEWEST_TRADES:
        which = "" if differing == apart.size else " at which they differ"
        few = f"no difference shown: {differing} trades{which} are too few, it takes {FEWEST_TRADES}"
        return _without_interval(rule, against, apart.size, mean, few)
    if lag_one is None:
        return _without_interval(rule, against, apart.size, mean, _NEVER_CHANGES)
    length = min(block_bootstrap.block_length(apart.size, lag_one), apart.size - 1)
    interval = block_bootstrap.mean_interval(apart, length, checkpoint=checkpoint)
    shown = interval.low > 0.0 or interval.high < 0.0
    said = _statement(mean, shown=shown)
    return Difference(rule, against, apart.size, mean, interval, length, shown=shown, statement=said)


def _apart(earned: FloatColumn, other: FloatColumn) -> FloatColumn:
    """Return what the one has earned more at each trade; 0 where that is nothing but rounding."""
    apart = earned - other
    return np.where(np.abs(apart) > ROUNDING * np.maximum(np.abs(earned), np.abs(other)), apart, 0.0)


def _without_interval(rule: str, against: str, trades: int, mean: float, said: str) -> Difference:
    return Difference(rule, against, trades, mean, None, None, shown=False, statement=said)


def _statement(mean: float, *, shown: bool) -> str:
    if not shown:
        return "no difference shown: the interval holds 0"
    return "earned more: the interval lies above 0" if mean > 0.0 else "earned less: the interval lies below 0"
