"""What the drawdown guard was worth beside the same rules without it, and beside holding as little all the time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.drawdown import maximum_drawdown
from strategic_memory_server.replay.courses.rules import OF_GUARDED, Rule
from strategic_memory_server.replay.judging.compared import Compared

RISK_AVERSION = 3.0
"""Constant relative risk aversion of whoever judges."""

UNIT = 0.01
"""Share of the capital that a trade usually moves, as is taken for granted: pnl has no unit of its own."""

COST = 0.0005
"""Of a change of exposure, as a share of the position."""


@dataclass(frozen=True, slots=True)
class Held:
    """What came of the same trades at some exposure.

    Attributes:
        rules: who chose their policies.
        name: how they were held.
        mean_exposure: mean multiple of the size on record.
        mean_pnl: mean pnl a trade, without the cost of changes of exposure.
        deepest_drawdown: in the unit of pnl.
        certainty_equivalent: sure pnl a trade that is worth as much, with the cost of changes; None: not defined.
    """

    rules: Rule
    name: str
    mean_exposure: float
    mean_pnl: float
    deepest_drawdown: float
    certainty_equivalent: float | None


def guard_worth(compared: Compared) -> list[Held]:
    """Compare, for each of the rules that are sized by the guard; nothing where none is compared.

    The certainty equivalent, in the unit of pnl, is (mean of (1 + r)^(1 - c))^(1 / (1 - c)) - 1, c `RISK_AVERSION`.
    r is the pnl as a share of the capital, scaled so that its root mean square is `UNIT` without the guard, less
    `COST` for each change of exposure.
    """
    return [held for rule, of in OF_GUARDED.items() if rule in compared.rules for held in _worth(compared, rule, of)]


def _worth(compared: Compared, rule: Rule, of: Rule) -> Iterator[Held]:
    size = compared.size(rule)
    without = compared.earned(rule) / size
    mean = float(size.mean())
    ways = (("without", np.ones(size.size)), ("guarded", size), ("as little all the time", np.full(size.size, mean)))
    scale = float(np.sqrt(np.mean(np.square(without)))) / UNIT
    for name, held in ways:
        yield _held(of, name, without * held, held, scale)


def _held(rules: Rule, name: str, pnl: FloatColumn, size: FloatColumn, scale: float) -> Held:
    drawdown = maximum_drawdown(pnl)
    return Held(
        rules,
        name,
        float(size.mean()),
        float(pnl.mean()),
        drawdown.depth if drawdown else 0.0,
        None if scale <= 0.0 else certainty_equivalent(pnl, size, scale),
    )


def certainty_equivalent(pnl: FloatColumn, size: FloatColumn, scale: float) -> float | None:
    """Return the certainty equivalent a trade, see `guard_worth`; None where the capital is lost.

    Args:
        pnl: what each trade earned at its size.
        size: the size of each.
        scale: pnl that is the whole capital.
    """
    wealth = 1.0 + pnl / scale - COST * np.abs(np.diff(size, prepend=size[:1]))
    if wealth.min() <= 0.0:
        return None
    power = 1.0 - RISK_AVERSION
    mean = float(np.mean(wealth**power))
    return float(mean ** (1.0 / power) - 1.0) * scale
