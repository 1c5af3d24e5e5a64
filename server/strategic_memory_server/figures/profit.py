"""What was won against what was lost: profit factor, payoff ratio, expectancy."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.deviations import Deviations, deviations_of
from strategic_memory_server.figures.finite import ratio


@dataclass(frozen=True, slots=True)
class Profit:
    """Gains and losses. A trade that broke even is neither.

    Attributes:
        gross_profit: sum of the pnl of all wins, in the unit of pnl, at least 0; None without a trade.
        gross_loss: sum of the pnl of all losses with its sign taken off; None without a trade.
        profit_factor: gross profit / gross loss; None without a loss.
        payoff_ratio: mean win / mean loss; None without a win or without a loss.
        expectancy: win rate x mean win - loss rate x mean loss, in the unit of pnl; None when nothing was won or lost.
        expectancy_ratio: expectancy / mean loss: what is earned for each unit that a losing trade costs; None without a
            loss.
    """

    gross_profit: float | None
    gross_loss: float | None
    profit_factor: float | None
    payoff_ratio: float | None
    expectancy: float | None
    expectancy_ratio: float | None


def profit(pnl: FloatColumn, deviations: Deviations | None = None) -> Profit:
    """Compare gains and losses.

    Profit factor and payoff ratio as in R. Pardo (2008), "The Evaluation and Optimization of Trading Strategies";
    expectancy as in V. K. Tharp (1998), "Trade Your Way to Financial Freedom", the unit of risk being the mean loss.

    Args:
        pnl: pnl of each trade.
        deviations: those of `pnl`, where they are known already.
    """
    if not pnl.size:
        return Profit(None, None, None, None, None, None)
    gains, losses = pnl[pnl > 0.0], pnl[pnl < 0.0]
    gross_profit, gross_loss = float(gains.sum()), float(-losses.sum()) if losses.size else 0.0
    # The same number as from rates and means, without the difference of two large ones.
    expectancy = _mean_of_decided(pnl, gains.size + losses.size, deviations)
    mean_win = gross_profit / gains.size if gains.size else None
    mean_loss = gross_loss / losses.size if losses.size else 0.0
    return Profit(
        gross_profit=gross_profit,
        gross_loss=gross_loss,
        profit_factor=ratio(gross_profit, gross_loss),
        payoff_ratio=None if mean_win is None else ratio(mean_win, mean_loss),
        expectancy=expectancy,
        expectancy_ratio=None if expectancy is None else ratio(expectancy, mean_loss),
    )


def _mean_of_decided(pnl: FloatColumn, decided: int, deviations: Deviations | None) -> float | None:
    """Mean pnl of the trades that were won or lost, which are so many; None where there are none."""
    if not decided:
        return None
    if decided == pnl.size:
        return (deviations or deviations_of(pnl)).mean
    return deviations_of(pnl[pnl != 0.0]).mean
