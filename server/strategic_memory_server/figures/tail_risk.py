"""What the worst trades cost: value at risk and conditional value at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn

TAIL_ONE_IN = 20
"""The tail is the worst one in twenty trades: 5 %. With fewer trades there is not one whole trade in it."""


@dataclass(frozen=True, slots=True)
class TailRisk:
    """Historical 5 % tail, as a loss: positive where the tail loses, in the unit of pnl. None below 20 trades.

    Attributes:
        value_at_risk: loss that 95 % of the trades did not exceed: minus the ceil(n / 20)-th lowest pnl.
        conditional_value_at_risk: mean loss of the worst 5 % of the trades, a fraction of the last one counting as
            such; never below the value at risk.
    """

    value_at_risk: float | None
    conditional_value_at_risk: float | None


def tail_risk(pnl: FloatColumn) -> TailRisk:
    """Work out both from the trades as they were, without a distribution fitted to them.

    The quantile is the inverse of the empirical distribution function, type 1 of R. J. Hyndman and Y. Fan (1996),
    "Sample quantiles in statistical packages", The American Statistician 50. The conditional one is the expected
    shortfall of C. Acerbi and D. Tasche (2002), "On the coherence of expected shortfall", J. Banking and Finance 26:
    over the worst n/20 trades, whole or not.
    """
    if pnl.size < TAIL_ONE_IN:
        return TailRisk(None, None)
    whole, left = divmod(pnl.size, TAIL_ONE_IN)
    last = whole if left else whole - 1
    worst = np.partition(pnl, last)[: last + 1]
    worst.sort()
    quantile = float(worst[last])
    # As what exceeds the quantile: equal losses then give it exactly.
    beyond = float((worst[:whole] - quantile).sum()) * TAIL_ONE_IN / pnl.size
    return TailRisk(0.0 - quantile, 0.0 - (quantile + beyond))
