"""Moments of values that are scanned three times: their mean, their shape, and how much each depends on the one before.

The scans do what `figures.deviations` does in memory: the mean is taken out twice, and what is left is scaled by a
power of two, so that nothing is lost of values that differ in their last digits only, or whose squares would vanish.
"""

from __future__ import annotations

import math

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.autocorrelation import MIN_TRADES_FOR_SIGNIFICANCE, Autocorrelation
from strategic_memory_server.figures.deviations import TINY
from strategic_memory_server.figures.drift import Sample
from strategic_memory_server.figures.finite import differ
from strategic_memory_server.figures.interval import NORMAL_DEVIATIONS, UPPER_PROBABILITY, Interval
from strategic_memory_server.figures.shape import Shape
from strategic_memory_server.figures.student_t import quantile
from strategic_memory_server.replay.streamed.cell_bootstrap import CellSums

SCANS = 3


class Moments:
    """What is known of some values after three scans. Two values at least."""

    def __init__(self) -> None:
        self.count = 0
        self.low, self.high = math.inf, -math.inf
        self.mean = 0.0
        self._scan = 0
        self._sum = 0.0
        self._lift = self._exponent = 0
        self._lifted_mean = self._rest = 0.0
        self._powers = np.zeros(3)
        self._products = 0.0
        self._last: FloatColumn = np.empty(0)
        self._cells: CellSums | None = None

    def add(self, values: FloatColumn) -> None:
        """Take in the next values of a scan."""
        if not values.size:
            return
        if self._scan == 0:
            self.count += values.size
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
            self._sum += float(values.sum())
        elif self._scan == 1:
            self._sum += float((self._lifted(values) - self._lifted_mean).sum())
        elif self.spread:
            self._add_deviations(np.ldexp((self._lifted(values) - self._lifted_mean) - self._rest, -self._exponent))

    def end_scan(self) -> None:
        """Go on to the next scan."""
        if self._scan == 0 and self.count:
            largest = max(abs(self.low), abs(self.high))
            self._lift = -math.frexp(largest)[1] if largest < TINY else 0
            self._lifted_mean = math.ldexp(self._sum, self._lift) / self.count
        elif self._scan == 1 and self.count:
            self._rest = self._sum / self.count
            ends = [(math.ldexp(end, self._lift) - self._lifted_mean) - self._rest for end in (self.low, self.high)]
            self._exponent = math.frexp(max(abs(end) for end in ends))[1]
            mean = math.ldexp(self._lifted_mean + self._rest, -self._lift)
            self.mean = min(max(mean, self.low), self.high)
            self._cells = CellSums(self.count)
        self._sum = 0.0
        self._scan += 1

    def _lifted(self, values: FloatColumn) -> FloatColumn:
        return np.ldexp(values, self._lift) if self._lift else values

    def _add_deviations(self, apart: FloatColumn) -> None:
        squares = np.square(apart)
        self._powers += (squares.sum(), (squares * apart).sum(), np.square(squares).sum())
        joined = np.concatenate((self._last, apart))
        self._products += float((joined[:-1] * joined[1:]).sum())
        self._last = apart[-1:].copy()
        if self._cells is not None:
            self._cells.add(apart)

    @property
    def spread(self) -> bool:
        """Whether two of the values differ by more than rounding."""
        return differ(self.low, self.high)

    def in_unit(self, scaled: float) -> float:
        """Give a scaled number in the unit of the values."""
        return float(np.ldexp(scaled, self._exponent - self._lift))

    @property
    def scaled_mean(self) -> float:
        """Mean, in the unit of the scaled deviations."""
        return float(np.ldexp(self.mean, self._lift - self._exponent))

    @property
    def scaled_deviation(self) -> float:
        """Standard deviation with n - 1, of the scaled deviations; of values with a spread."""
        return math.sqrt(float(self._powers[0]) / (self.count - 1))

    def sample(self) -> Sample:
        """Describe the values for a comparison of means."""
        if not self.count:
            return Sample(0.0, 0.0, 0.0)
        if not self.spread:
            return Sample(float(self.count), self.mean, 0.0)
        return Sample(float(self.count), self.mean, self.in_unit(self.scaled_deviation))

    def shape(self) -> Shape:
        """Give skewness and kurtosis of values with a spread, of which there are four at least."""
        second, third, fourth = (self._powers / self.count).tolist()
        return Shape(third / (second * second**0.5), fourth / (second * second))

    def autocorrelation(self) -> Autocorrelation:
        """Give the dependence of each value on the one before, of three values at least."""
        squares = float(self._powers[0])
        if not squares:
            return Autocorrelation(None, significant=False)
        lag_one = min(max(self._products / squares, -1.0), 1.0)
        enough = self.count >= MIN_TRADES_FOR_SIGNIFICANCE
        return Autocorrelation(lag_one, significant=enough and abs(lag_one) > NORMAL_DEVIATIONS / math.sqrt(self.count))

    def student_interval(self) -> Interval:
        """Give the 95 % interval of the mean of independent values with a spread, as `figures.mean_pnl` does."""
        error = self.in_unit(self.scaled_deviation / math.sqrt(self.count))
        reach = quantile(UPPER_PROBABILITY, self.count - 1) * error
        return Interval(self.mean - reach, self.mean + reach)

    def block_interval(self, length: int) -> Interval:
        """Give the 95 % interval of the mean of values with a spread by blocks of about so many."""
        if self._cells is None:
            raise RuntimeError("there is an interval after three scans only")
        low, high = self._cells.interval(length)
        return Interval(self.mean + self.in_unit(low), self.mean + self.in_unit(high))
