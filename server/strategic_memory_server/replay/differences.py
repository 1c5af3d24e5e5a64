"""Whether one rule earned more than another, or whether that can be chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures import block_bootstrap
from strategic_memory_server.figures.autocorrelation import autocorrelation
from strategic_memory_server.figures.interval import Interval
from strategic_memory_server.replay.compared import Compared
from strategic_memory_server.replay.rules import Rule
from strategic_memory_server.replay.streamed.moments import SCANS, Moments

FEWEST_TRADES = 20
"""Below so many trades nothing is said about a difference."""

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


def differences(compared: Compared, best: Rule | None, told: Callable[[], None]) -> list[Difference]:
    """Compare each rule with the reference rules, and with the best fixed policy.

    Args:
        compared: what each rule earned.
        best: the fixed policy that earned most, if any is compared.
        told: called now and then.
    """
    against = [Rule.REFERENCE] if Rule.REFERENCE in compared.rules else []
    if best is not None:
        against.append(best)
    pairs = [(rule, other) for other in against for rule in compared.rules if rule is not other]
    if not pairs:
        return []
    if compared.may_be_held:
        earned = {rule: compared.table(rule).held().pnl for rule in compared.rules}
        return [difference(rule, other, earned[rule], earned[other]) for rule, other in pairs]
    return _scanned_differences(compared, pairs, told)


def difference(rule: str, against: str, earned: FloatColumn, other: FloatColumn) -> Difference:
    """Compare two rules over the same trades, oldest first, of which there is at least one."""
    apart = earned - other
    mean = float(apart.mean())
    lag_one = autocorrelation(apart).lag_one
    if not np.any(apart):
        return _without_interval(rule, against, apart.size, mean, _SAME)
    if apart.size < FEWEST_TRADES:
        few = f"no difference shown: {apart.size} trades are too few, it takes {FEWEST_TRADES}"
        return _without_interval(rule, against, apart.size, mean, few)
    if lag_one is None:
        return _without_interval(rule, against, apart.size, mean, _NEVER_CHANGES)
    length = min(block_bootstrap.block_length(apart.size, lag_one), apart.size - 1)
    interval = block_bootstrap.mean_interval(apart, length)
    return _with_interval(rule, against, apart.size, mean, interval, length)


def _scanned_differences(
    compared: Compared, pairs: Sequence[tuple[Rule, Rule]], told: Callable[[], None]
) -> list[Difference]:
    """Compare rules over more trades than are held."""
    apart = {pair: Moments() for pair in pairs}
    for _ in range(SCANS):
        for rows in compared.rows():
            earned = {rule: compared.earned(rule, rows) for rule in compared.rules}
            for (rule, other), moments in apart.items():
                moments.add(earned[rule] - earned[other])
            told()
        for moments in apart.values():
            moments.end_scan()
    return [_scanned_difference(rule, other, moments) for (rule, other), moments in apart.items()]


def _scanned_difference(rule: str, against: str, apart: Moments) -> Difference:
    if not apart.spread:
        said = _NEVER_CHANGES if apart.low else _SAME
        return _without_interval(rule, against, apart.count, apart.low, said)
    length = block_bootstrap.block_length(apart.count, apart.autocorrelation().lag_one or 0.0)
    return _with_interval(rule, against, apart.count, apart.mean, apart.block_interval(length), length)


def _without_interval(rule: str, against: str, trades: int, mean: float, said: str) -> Difference:
    return Difference(rule, against, trades, mean, None, None, shown=False, statement=said)


def _with_interval(rule: str, against: str, trades: int, mean: float, interval: Interval, length: int) -> Difference:
    shown = interval.low > 0.0 or interval.high < 0.0
    said = _statement(mean, shown=shown)
    return Difference(rule, against, trades, mean, interval, length, shown=shown, statement=said)


def _statement(mean: float, *, shown: bool) -> str:
    if not shown:
        return "no difference shown: the interval holds 0"
    return "earned more: the interval lies above 0" if mean > 0.0 else "earned less: the interval lies below 0"
