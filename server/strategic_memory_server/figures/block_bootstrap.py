"""Interval of a mean whose observations depend on their neighbours: resampling of whole blocks.

Circular block bootstrap: blocks of neighbours are drawn with replacement from the observations laid out in a circle, so
that each is as likely as any other (D. N. Politis and J. P. Romano 1992, "A circular block-resampling procedure for
stationary data", in "Exploring the Limits of Bootstrap"). The percentiles of the resampled means are the ends, moved
away from the mean by what a t interval of as many means as there are blocks is wider than a normal one (T. Hesterberg
2015, "What teachers should know about the bootstrap", The American Statistician 69): bare percentiles of few blocks
hold the mean too seldom.
"""

from __future__ import annotations

import math

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.deviations import Deviations, deviations_of
from strategic_memory_server.figures.interval import NORMAL_DEVIATIONS, UPPER_PROBABILITY, Interval
from strategic_memory_server.figures.student_t import quantile
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on

RESAMPLES = 1999
"""With 2,000 as one more, the 2.5 % and 97.5 % percentiles are the 50th and 1,950th (Davison and Hinkley 1997, 5.2)."""

MAX_BLOCKS = 1000
"""Most blocks of a resample. Beyond, blocks get longer: the cost is bounded, the interval's width within 2 %."""

SEED = 20_240_229

_RESAMPLES_AT_ONCE = 128


def block_length(observations: int, lag_one: float) -> int:
    """Length of a block that makes the error of the variance of the mean smallest.

    (2 G^2 / D n)^(1/3) of D. N. Politis and H. White (2004), "Automatic block-length selection for the dependent
    bootstrap", Econometric Reviews 23, capped at min(3 sqrt n, n / 3) as there. G and D are those of a first-order
    autoregression (as in D. W. K. Andrews 1991, Econometrica 59), for which it is (3/2 (2 r / (1 - r^2))^2 n)^(1/3).
    At most `MAX_BLOCKS` blocks have to be enough for all observations, whatever the rest says.

    Args:
        observations: n, how many there are.
        lag_one: r, their autocorrelation at lag 1.
    """
    longest = min(3.0 * math.sqrt(observations), observations / 3.0)
    dependence = 2.0 * abs(lag_one) / max(1.0 - lag_one * lag_one, 1e-12)
    best = math.cbrt(1.5 * dependence * dependence * observations)
    return max(math.ceil(min(best, longest)), -(-observations // MAX_BLOCKS), 1)


def mean_interval(
    values: FloatColumn, length: int, deviations: Deviations | None = None, checkpoint: Checkpoint = go_on
) -> Interval:
    """95 % interval of the mean of values that are not all the same, by blocks of a length below their number.

    Args:
        values: the values, oldest first.
        length: values of a block.
        deviations: those of `values`, where they are known already.
        checkpoint: called now and then while it resamples.
    """
    apart = deviations or deviations_of(values)
    low, high = ends_of_mean(apart.scaled, length, checkpoint)
    return Interval(apart.mean + apart.in_unit(low), apart.mean + apart.in_unit(high))


def ends_of_mean(apart: FloatColumn, length: int, checkpoint: Checkpoint = go_on) -> tuple[float, float]:
    """Ends of the interval of `mean_interval` for values whose mean is 0."""
    blocks = -(-apart.size // length)
    means = _resampled_sums(_circular_sums(apart, length), blocks, checkpoint) / (blocks * length)
    means.sort()
    rank = round(UPPER_PROBABILITY * (RESAMPLES + 1))
    wider = _widening(blocks) * math.sqrt(blocks * length / apart.size)
    return wider * float(means[RESAMPLES - rank]), wider * float(means[rank - 1])


def _widening(blocks: int) -> float:
    return math.sqrt(blocks / (blocks - 1)) * quantile(UPPER_PROBABILITY, blocks - 1) / NORMAL_DEVIATIONS


def _circular_sums(values: FloatColumn, length: int) -> FloatColumn:
    """Sum of each block, by the place where it starts."""
    running = np.concatenate(([0.0], values, values[: length - 1])).cumsum()
    sums: FloatColumn = running[length:] - running[:-length]
    return sums


def _resampled_sums(sums: FloatColumn, blocks: int, checkpoint: Checkpoint) -> FloatColumn:
    """Sum of each resample of so many blocks; `sums` is the one of each block, by the place where it starts.

    Places come from the raw bits of the generator, whose sequence numpy never changes, unlike that of the
    distributions (NEP 19). Some resamples at a time take less memory, and no more time.
    """
    generator = np.random.PCG64(SEED)
    upper_half, observations = np.uint64(32), np.uint64(sums.size)
    found = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, _RESAMPLES_AT_ONCE):
        checkpoint()
        end = min(start + _RESAMPLES_AT_ONCE, RESAMPLES)
        places = generator.random_raw((end - start, blocks))
        places >>= upper_half
        places *= observations
        places >>= upper_half
        found[start:end] = sums[places.view(np.int64)].sum(axis=1)
    return found
