"""All figures of one group of trades."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.autocorrelation import Autocorrelation, autocorrelation
from strategic_memory_server.figures.checks import check_length, check_pnl, check_times, check_weights
from strategic_memory_server.figures.deviations import deviations_of
from strategic_memory_server.figures.drawdown import Drawdown, maximum_drawdown
from strategic_memory_server.figures.losing_run import longest_losing_run
from strategic_memory_server.figures.mean_pnl import MeanPnl, mean_pnl
from strategic_memory_server.figures.profit import Profit, profit
from strategic_memory_server.figures.sample_size import effective_size, newest_age_ms
from strategic_memory_server.figures.shape import Shape, shape
from strategic_memory_server.figures.sharpe import Sharpe, sharpe
from strategic_memory_server.figures.sortino import sortino
from strategic_memory_server.figures.tail_risk import TailRisk, tail_risk
from strategic_memory_server.figures.win_rate import WinRate, win_rate
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of a group of trades; each part says when it is None.

    Attributes:
        trades: number of trades, n.
        effective_trades: effective number under the weights given; None where no weights were, or all are 0.
        newest_age_ms: age of the newest trade, milliseconds; None without a trade, or where times are not known.
        win_rate: share that won.
        mean_pnl: mean pnl and its interval.
        profit: gains against losses.
        sharpe: Sharpe ratio of a trade.
        sortino: Sortino ratio of a trade.
        drawdown: maximum drawdown; None without a trade.
        shape: skewness and kurtosis.
        tail_risk: 5 % value at risk and conditional value at risk.
        autocorrelation: dependence on the trade before.
        longest_losing_run: losing trades in a row; None without a trade.
    """

    trades: int
    effective_trades: float | None
    newest_age_ms: int | None
    win_rate: WinRate
    mean_pnl: MeanPnl
    profit: Profit
    sharpe: Sharpe
    sortino: float | None
    drawdown: Drawdown | None
    shape: Shape
    tail_risk: TailRisk
    autocorrelation: Autocorrelation
    longest_losing_run: int | None


def performance(
    pnl: FloatColumn,
    *,
    time_ms: IndexColumn | None = None,
    now_ms: int | None = None,
    weights: FloatColumn | None = None,
    checkpoint: Checkpoint = go_on,
) -> Performance:
    """Work out all figures of a group of trades.

    Args:
        pnl: realised pnl of each trade, oldest first; finite, at most 1e100 in size.
        time_ms: time of each, milliseconds since 1970-01-01 UTC; None where times are not known.
        now_ms: the present, in the same unit; None where it does not matter.
        weights: weight of each, finite and at least 0; None for no weights.
        checkpoint: called now and then.

    Raises:
        ValueError: a column holds what it may not, or is not as long as `pnl`; the message names it.
    """
    check_columns(pnl, time_ms, weights)
    checkpoint()
    deviations = deviations_of(pnl) if pnl.size else None
    dependence, form = autocorrelation(pnl, deviations), shape(pnl, deviations)
    return Performance(
        trades=pnl.size,
        effective_trades=None if weights is None else effective_size(weights),
        newest_age_ms=None if time_ms is None or now_ms is None else newest_age_ms(time_ms, now_ms),
        win_rate=win_rate(pnl),
        mean_pnl=mean_pnl(pnl, deviations, dependence, checkpoint),
        profit=profit(pnl, deviations),
        sharpe=sharpe(pnl, deviations, form),
        sortino=sortino(pnl, deviations),
        drawdown=maximum_drawdown(pnl, time_ms),
        shape=form,
        tail_risk=tail_risk(pnl),
        autocorrelation=dependence,
        longest_losing_run=longest_losing_run(pnl),
    )


def check_columns(pnl: FloatColumn, time_ms: IndexColumn | None, weights: FloatColumn | None) -> None:
    """Raise ValueError for columns that no figures can be worked out from."""
    check_pnl(pnl)
    if time_ms is not None:
        check_length("time_ms", time_ms, pnl.size)
        check_times("time_ms", time_ms)
    if weights is not None:
        check_length("weights", weights, pnl.size)
        check_weights(weights)
