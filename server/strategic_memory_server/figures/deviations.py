"""Deviations from the mean, scaled by a power of two so that their squares neither overflow nor vanish.

The mean is taken out twice: the second time removes the rounding error of the first mean, which would otherwise be all
there is of values that differ in their last digits only (the corrected two-pass algorithm of T. F. Chan, G. H. Golub
and R. J. LeVeque 1983, "Algorithms for computing the sample variance", The American Statistician 37). Sums are numpy's
pairwise sums, so none depends on a number of threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.finite import differ

TINY = 1e-250

_LARGEST_EXPONENT = 1_000
"""Powers of two up to here are normal numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Deviations:
    """Values as their mean and what they deviate from it.

    Attributes:
        mean: arithmetic mean, in the unit of the values.
        scaled: deviations from it times 2**-exponent; the largest is 0.5 to 1 in size, or all are exactly 0: the values
            are equal to rounding.
        exponent: see `scaled`.
    """

    mean: float
    scaled: FloatColumn
    exponent: int

    @property
    def spread(self) -> bool:
        """Whether two of the values differ by more than rounding."""
        return bool(self.scaled.any())

    @property
    def scaled_mean(self) -> float:
        """Mean, in the unit of the scaled deviations."""
        return float(np.ldexp(self.mean, -self.exponent))

    @property
    def scaled_variance(self) -> float:
        """Sample variance with n - 1, of the scaled deviations; of at least two."""
        return float(np.square(self.scaled).sum()) / (self.scaled.size - 1)

    @property
    def standard_deviation(self) -> float:
        """Sample standard deviation with n - 1, in the unit of the values; of at least two."""
        return self.in_unit(math.sqrt(self.scaled_variance))

    def in_unit(self, scaled: float) -> float:
        """A scaled number in the unit of the values."""
        return float(np.ldexp(scaled, self.exponent))


def deviations_of(values: FloatColumn) -> Deviations:
    """Take the mean out of one value or more."""
    low, high = float(values.min()), float(values.max())
    if not differ(low, high):
        return Deviations(min(max(float(values.mean()), low), high), np.zeros(values.size), 0)
    lift = _lift(max(abs(low), abs(high)))
    lifted = np.ldexp(values, lift) if lift else values
    mean = float(lifted.mean())
    apart = lifted - mean
    rest = float(apart.mean())
    apart -= rest
    exponent = math.frexp(max(abs(float(apart.min())), abs(float(apart.max()))))[1]
    clipped = min(max(math.ldexp(mean + rest, -lift), low), high)
    return Deviations(clipped, _scaled(apart, -exponent), exponent - lift)


def _scaled(values: FloatColumn, exponent: int) -> FloatColumn:
    """Multiply values that are not needed any more by a power of two; that is faster than `ldexp`, which it equals."""
    if abs(exponent) >= _LARGEST_EXPONENT:
        return np.ldexp(values, exponent)
    values *= math.ldexp(1.0, exponent)
    return values


def _lift(largest: float) -> int:
    """Power of two that brings the largest value to about 1, where its last digits are near the smallest number."""
    return -math.frexp(largest)[1] if largest < TINY else 0
