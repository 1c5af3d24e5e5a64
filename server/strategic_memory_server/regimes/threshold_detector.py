"""Regimes by thresholds: volatility against its own year, and the trend against its noise."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from strategic_memory_server.regimes.label import BEAR, BULL, RANGE, VOLATILE, Label
from strategic_memory_server.regimes.rank_in_time import RankInTime

YEAR_S = 365.25 * 86_400.0


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """Where the regimes begin and end. One ends at a lower threshold than it begins, so that labels do not flicker."""

    trend_bars: int = 50
    """How many bars the trend goes back."""
    volatility_halflife_bars: float = 10.0
    """After so many bars a return counts half in the present volatility."""
    noise_halflife_bars: float = 50.0
    """The same for the noise that the trend is measured against."""
    volatile_from: float = 1.5
    """VOLATILE begins where the volatility is so many times the median of its last year."""
    volatile_until: float = 1.2
    trend_from: float = 1.0
    """BULL and BEAR begin where the trend is so many standard deviations of a random walk away from none."""
    trend_until: float = 0.5


class ThresholdDetector:
    """VOLATILE where the volatility is high for its own last year; otherwise BULL, BEAR or RANGE by the trend.

    The confidence is how clear the threshold is passed: for BULL and BEAR the probability that a random walk would show
    less of a trend, for RANGE that it would show more of one, in either direction, for VOLATILE the share of the last
    year with a lower volatility. It needs no fit, and numpy neither.
    """

    def __init__(self, settings: ThresholdSettings | None = None) -> None:
        self._settings = settings or ThresholdSettings()
        self._closes: deque[float] = deque(maxlen=self._settings.trend_bars + 1)
        self._volatility = _SpreadOfReturns(self._settings.volatility_halflife_bars)
        self._noise = _SpreadOfReturns(self._settings.noise_halflife_bars)
        self._year = RankInTime(YEAR_S)
        self._bars = 0
        self._regime = RANGE

    def update(self, time_s: float, close: float) -> Label | None:
        """Take a close; return the label once twice the bars of the trend were seen."""
        log_close = math.log(close)
        if self._closes:
            change = log_close - self._closes[-1]
            self._volatility.update(change)
            self._noise.update(change)
        self._closes.append(log_close)
        self._bars += 1
        if len(self._closes) <= self._settings.trend_bars:
            return None
        volatility = self._volatility.get()
        rank, usual = self._year.update(time_s, volatility)
        if self._bars <= 2 * self._settings.trend_bars:
            return None
        rise = self._closes[-1] - self._closes[0]
        noise = self._noise.get() * math.sqrt(self._settings.trend_bars)
        strength = rise / noise if noise > 0.0 else 0.0
        self._regime = self._next_regime(volatility / usual if usual > 0.0 else 1.0, strength)
        confidence = _confidence(self._regime, rank, strength)
        return Label(self._regime, confidence, volatility, rise / self._settings.trend_bars)

    def _next_regime(self, relative: float, strength: float) -> str:
        settings, before = self._settings, self._regime
        if relative >= (settings.volatile_until if before == VOLATILE else settings.volatile_from):
            return VOLATILE
        if strength >= (settings.trend_until if before == BULL else settings.trend_from):
            return BULL
        if -strength >= (settings.trend_until if before == BEAR else settings.trend_from):
            return BEAR
        return RANGE


class _SpreadOfReturns:
    """Standard deviation of returns, each weighing half as much after `halflife` others."""

    def __init__(self, halflife: float) -> None:
        self._keep = 0.5 ** (1.0 / halflife)
        self._weight = 0.0
        self._mean = 0.0
        self._squares = 0.0

    def update(self, change: float) -> None:
        # West (1979), Updating Mean and Variance Estimates: an Improved Method.
        kept = self._weight * self._keep
        self._weight = kept + 1.0
        away = change - self._mean
        self._mean += away / self._weight
        self._squares = self._squares * self._keep + away * away * kept / self._weight

    def get(self) -> float:
        return math.sqrt(self._squares / self._weight) if self._weight else 0.0


def _confidence(regime: str, rank: float, strength: float) -> float:
    below = 0.5 * (1.0 + math.erf(strength / math.sqrt(2.0)))
    by_regime = {VOLATILE: rank, BULL: below, BEAR: 1.0 - below, RANGE: 1.0 - abs(2.0 * below - 1.0)}
    return by_regime[regime]
