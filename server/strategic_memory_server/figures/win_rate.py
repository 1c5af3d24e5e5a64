"""Share of trades that won, with the interval of Wilson."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.interval import NORMAL_DEVIATIONS, Interval


@dataclass(frozen=True, slots=True)
class WinRate:
    """How trades ended.

    Attributes:
        wins: trades with a positive pnl.
        losses: trades with a negative pnl.
        break_even: trades with a pnl of exactly 0, which count neither way.
        rate: wins / (wins + losses), 0 to 1; None when nothing was won or lost.
        interval: 95 % interval of the rate, see `wilson_interval`; None together with it.
    """

    wins: int
    losses: int
    break_even: int
    rate: float | None
    interval: Interval | None


def win_rate(pnl: FloatColumn) -> WinRate:
    """Count wins and losses."""
    wins, losses = int(np.count_nonzero(pnl > 0.0)), int(np.count_nonzero(pnl < 0.0))
    decided = wins + losses
    return WinRate(
        wins=wins,
        losses=losses,
        break_even=pnl.size - decided,
        rate=wins / decided if decided else None,
        interval=wilson_interval(wins, decided),
    )


def wilson_interval(successes: int, trials: int) -> Interval | None:
    """95 % score interval of a probability; None without a trial.

    (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n) with p = successes / trials, n = trials. E. B. Wilson
    (1927), "Probable inference, the law of succession, and statistical inference", J. Amer. Statist. Assoc. 22.
    """
    if not trials:
        return None
    rate, square = successes / trials, NORMAL_DEVIATIONS * NORMAL_DEVIATIONS
    middle = rate + square / (2.0 * trials)
    reach = NORMAL_DEVIATIONS * math.sqrt((rate * (1.0 - rate) + square / (4.0 * trials)) / trials)
    whole = 1.0 + square / trials
    low = (middle - reach) / whole if successes else 0.0
    high = (middle + reach) / whole if successes < trials else 1.0
    return Interval(min(low, rate), max(high, rate))
