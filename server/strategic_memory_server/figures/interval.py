"""An interval that is meant to hold a true value 95 times in 100."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

LEVEL = 0.95
"""Share of all intervals that are meant to hold the true value."""

UPPER_PROBABILITY = 1.0 - (1.0 - LEVEL) / 2.0
"""Probability below the upper end of a two-sided interval."""

NORMAL_DEVIATIONS = NormalDist().inv_cdf(UPPER_PROBABILITY)
"""Standard deviations from the mean of a normal value to the ends of its interval."""


class Interval(NamedTuple):
    """Both ends, the lower one first, in the unit of what they enclose."""

    low: float
    high: float
