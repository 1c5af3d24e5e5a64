"""All figures of one group of trades that is scanned several times."""

from __future__ import annotations

import math

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures import block_bootstrap
from strategic_memory_server.figures.breakdown import RECENT_TRADES
from strategic_memory_server.figures.drift import Drift, drift, recent_drift, sample_of
from strategic_memory_server.figures.finite import finite, ratio
from strategic_memory_server.figures.mean_pnl import IntervalMethod, MeanPnl
from strategic_memory_server.figures.performance import Performance, performance
from strategic_memory_server.figures.profit import Profit
from strategic_memory_server.figures.shape import Shape
from strategic_memory_server.figures.sharpe import Sharpe
from strategic_memory_server.figures.win_rate import WinRate, wilson_interval
from strategic_memory_server.replay.streamed.drawdown_course import DrawdownCourse
from strategic_memory_server.replay.streamed.losing_run import LosingRun
from strategic_memory_server.replay.streamed.moments import SCANS, Moments
from strategic_memory_server.replay.streamed.tail_search import TailSearch

FEW_TRADES = 4_096
"""So many trades are held, and their figures are those of `figures.performance` to the last bit."""


class HeldPerformance:
    """Figures of few trades, which are held.

    Args:
        now_ms: the present.
    """

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._pnl: list[FloatColumn] = []
        self._time_ms: list[IndexColumn] = []
        self.done = False

    def add(self, pnl: FloatColumn, time_ms: IndexColumn) -> None:
        """Take in the next trades."""
        if not self.done:
            self._pnl.append(pnl)
            self._time_ms.append(time_ms)

    def end_scan(self) -> None:
        """One scan is enough."""
        self.done = True

    def performance(self) -> Performance:
        """Give the figures."""
        times = np.concatenate([np.empty(0, dtype=np.int64), *self._time_ms])
        return performance(np.concatenate([np.empty(0), *self._pnl]), time_ms=times, now_ms=self._now_ms)

    def drift(self) -> Drift:
        """Give the newest trades against those before."""
        return recent_drift(np.concatenate([np.empty(0), *self._pnl]), RECENT_TRADES)


class ScannedPerformance:
    """Figures of many trades.

    Args:
        trades: how many there are, more than 50.
        now_ms: the present.
    """

    def __init__(self, trades: int, now_ms: int) -> None:
        self._trades = trades
        self._now_ms = now_ms
        self._scan = 0
        self._all, self._before_recent = Moments(), Moments()
        self._tail = TailSearch(trades)
        self._drawdown, self._losing_run = DrawdownCourse(), LosingRun()
        self._recent = np.empty(0)
        self._seen = 0
        self._newest_ms = 0
        self._wins = self._losses = 0
        self._gains = self._costs = self._downside = 0.0

    @property
    def done(self) -> bool:
        """Whether no further scan is needed."""
        return self._scan >= SCANS and self._tail.done

    def add(self, pnl: FloatColumn, time_ms: IndexColumn) -> None:
        """Take in the next trades of a scan."""
        if not pnl.size:
            return
        self._tail.add(pnl)
        if self._scan < SCANS:
            self._all.add(pnl)
            self._before_recent.add(pnl[: max(self._trades - RECENT_TRADES - self._seen, 0)])
            self._seen += pnl.size
        if self._scan == 0:
            self._add_once(pnl, time_ms)
        elif self._scan == 1 and self._all.low < 0.0:
            scaled = np.ldexp(np.minimum(pnl, 0.0), -math.frexp(self._all.low)[1])
            self._downside += float(np.square(scaled).sum())

    def end_scan(self) -> None:
        """Go on to the next scan."""
        self._scan += 1
        self._seen = 0
        self._tail.end_scan()
        if self._scan <= SCANS:
            self._all.end_scan()
            self._before_recent.end_scan()

    def _add_once(self, pnl: FloatColumn, time_ms: IndexColumn) -> None:
        gains, costs = pnl[pnl > 0.0], pnl[pnl < 0.0]
        self._wins += gains.size
        self._losses += costs.size
        self._gains += float(gains.sum())
        self._costs -= float(costs.sum())
        self._drawdown.add(pnl, time_ms)
        self._losing_run.add(pnl)
        self._recent = np.concatenate((self._recent, pnl))[-RECENT_TRADES:]
        self._newest_ms = int(time_ms[-1])

    def performance(self) -> Performance:
        """Give the figures, once all scans are done."""
        decided = self._wins + self._losses
        rate = self._wins / decided if decided else None
        many, known = self._all, self._all.spread
        return Performance(
            trades=self._trades,
            effective_trades=None,
            newest_age_ms=max(self._now_ms - self._newest_ms, 0),
            win_rate=WinRate(
                self._wins, self._losses, self._trades - decided, rate, wilson_interval(self._wins, decided)
            ),
            mean_pnl=self._mean_pnl(),
            profit=self._profit(decided),
            sharpe=self._sharpe() if known else Sharpe(None, None),
            sortino=self._sortino(),
            drawdown=self._drawdown.found(),
            shape=many.shape() if known else Shape(None, None),
            tail_risk=self._tail.found(),
            autocorrelation=many.autocorrelation(),
            longest_losing_run=self._losing_run.longest,
        )

    def drift(self) -> Drift:
        """Give the newest trades against those before."""
        return drift(sample_of(self._recent), self._before_recent.sample())

    def _mean_pnl(self) -> MeanPnl:
        many = self._all
        if not many.spread:
            return MeanPnl(many.mean, None, None, None)
        dependence = many.autocorrelation()
        if dependence.lag_one is not None and dependence.significant:
            length = block_bootstrap.block_length(many.count, dependence.lag_one)
            return MeanPnl(many.mean, many.block_interval(length), IntervalMethod.BLOCK_BOOTSTRAP, length)
        return MeanPnl(many.mean, many.student_interval(), IntervalMethod.STUDENT_T, None)

    def _profit(self, decided: int) -> Profit:
        expectancy = self._all.mean * (self._trades / decided) if decided else None
        mean_loss = self._costs / self._losses if self._losses else 0.0
        return Profit(
            gross_profit=self._gains,
            gross_loss=self._costs,
            profit_factor=ratio(self._gains, self._costs),
            payoff_ratio=ratio(self._gains / self._wins, mean_loss) if self._wins else None,
            expectancy=expectancy,
            expectancy_ratio=None if expectancy is None else ratio(expectancy, mean_loss),
        )

    def _sharpe(self) -> Sharpe:
        found = finite(self._all.scaled_mean / self._all.scaled_deviation)
        form = self._all.shape()
        if found is None or form.skewness is None or form.kurtosis is None:
            return Sharpe(found, None)
        variance = 1.0 - form.skewness * found + 0.25 * (form.kurtosis - 1.0) * found * found
        return Sharpe(found, math.sqrt(max(variance, 0.0) / self._trades))

    def _sortino(self) -> float | None:
        if not self._losses:
            return None
        exponent = math.frexp(self._all.low)[1]
        downside = float(np.ldexp(math.sqrt(self._downside / self._trades), exponent))
        return ratio(self._all.mean, downside)


def performance_scans(trades: int, now_ms: int, few_trades: int = FEW_TRADES) -> HeldPerformance | ScannedPerformance:
    """Choose how the figures of so many trades are worked out."""
    if trades <= max(few_trades, RECENT_TRADES):
        return HeldPerformance(now_ms)
    return ScannedPerformance(trades, now_ms)
