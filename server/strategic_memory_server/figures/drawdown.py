"""Maximum drawdown of the cumulative pnl, and how long it lasted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn

REGAINED = 1e-9
"""Share of the depth that may lack to it, or to a recovery: that much can be the rounding of decimal fractions."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall of the cumulative pnl below its highest value before; it starts at 0, before the first trade.

    Of several of the same depth it is the first. Without any fall, depth and lengths are 0.

    Attributes:
        depth: from peak to trough, in the unit of pnl, at least 0.
        fall_trades: trades from the peak to the trough.
        fall_ms: milliseconds from the trade that made the peak (from the first trade, where the peak is the start) to
            the trough; None where times are not known.
        length_trades: trades from the peak to the recovery, or to the newest trade while there is none.
        length_ms: the same in milliseconds; None where times are not known.
        recovered: whether the cumulative pnl has come back to the peak.
    """

    depth: float
    fall_trades: int
    fall_ms: int | None
    length_trades: int
    length_ms: int | None
    recovered: bool


def maximum_drawdown(pnl: FloatColumn, time_ms: IndexColumn | None = None) -> Drawdown | None:
    """Find the maximum drawdown, max over s <= t of (C_s - C_t), C the cumulative pnl; None without a trade.

    M. Magdon-Ismail and A. F. Atiya (2004), "Maximum drawdown", Risk 17.

    Args:
        pnl: pnl of each trade, oldest first.
        time_ms: its time, milliseconds since 1970-01-01 UTC; None where times are not known.
    """
    if not pnl.size:
        return None
    cumulative = np.concatenate(([0.0], pnl)).cumsum()
    below = np.maximum.accumulate(cumulative) - cumulative
    depth = float(below.max())
    if depth == 0.0:
        nothing_ms = None if time_ms is None else 0
        return Drawdown(0.0, 0, nothing_ms, 0, nothing_ms, recovered=True)
    trough = int(np.argmax(below >= (1.0 - REGAINED) * depth))
    peak = trough - int(np.argmin(below[trough::-1] > REGAINED * depth))
    regained = cumulative[trough:] >= cumulative[peak] - REGAINED * depth
    recovered = bool(regained.any())
    end = trough + int(np.argmax(regained)) if recovered else pnl.size
    return Drawdown(
        depth=depth,
        fall_trades=trough - peak,
        fall_ms=_elapsed_ms(time_ms, peak, trough),
        length_trades=end - peak,
        length_ms=_elapsed_ms(time_ms, peak, end),
        recovered=recovered,
    )


def _elapsed_ms(time_ms: IndexColumn | None, start: int, end: int) -> int | None:
    """Time between two places of the cumulative pnl, of which place 0 is before the first trade."""
    return None if time_ms is None else int(time_ms[end - 1]) - int(time_ms[max(start - 1, 0)])
