"""Whether regimes, or policies, earn at the same times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.columns.distinct import distinct
from strategic_memory_server.figures.checks import check_length, check_pnl, check_times
from strategic_memory_server.figures.deviations import deviations_of
from strategic_memory_server.figures.interval import NORMAL_DEVIATIONS, Interval
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on

MIN_COMMON = 10
"""Common points below which a correlation is not given. With 10, chance alone gives up to 0.63 either way."""

FEWEST_COMMON = 4
"""Fewest that can be asked for: below it the interval does not exist."""

MAX_SERIES = 16
"""Most series that are compared with each other: those with the most entries."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Two series compared.

    Attributes:
        first: code of the one, the lower of the two.
        second: code of the other.
        common: points of time that both have.
        coefficient: Pearson's correlation of their mean pnl at these points, -1 to 1; None where the common points are
            too few, or where either has the same pnl at all of them.
        interval: 95 % interval of the coefficient by Fisher's transformation; None together with it, or where it is
            1 or -1.
    """

    first: int
    second: int
    common: int
    coefficient: float | None
    interval: Interval | None


def correlations(
    pnl: FloatColumn,
    series: IndexColumn,
    time_ms: IndexColumn,
    *,
    bucket_ms: int = 1,
    min_common: int = MIN_COMMON,
    checkpoint: Checkpoint = go_on,
) -> tuple[Correlation, ...]:
    """Compare every two series at the points of time that both have; pairs in ascending order of their codes.

    Points of time are buckets of a length, counted from 1970-01-01 UTC: a length that entries of several regimes fall
    into where `series` is the regime, 1 for entries with the very same time where it is the policy. The pnl of a series
    in a bucket is the mean of its entries there. A bucket that one of the two lacks is not compared: nothing is filled
    in.

    sum u v / sqrt(sum u^2 sum v^2), u and v the deviations from the means over the common points (K. Pearson 1895,
    Proc. R. Soc. London 58); interval tanh(artanh r +- 1.96 / sqrt(m - 3)) for m points (R. A. Fisher 1921, Metron 1).

    Args:
        pnl: pnl of each entry, oldest first.
        series: code of its regime, or of its policy; entries with a negative code are left out.
        time_ms: its time, milliseconds since 1970-01-01 UTC.
        bucket_ms: length of a bucket, milliseconds.
        min_common: common points below which there is no coefficient, at least 4.
        checkpoint: called now and then.

    Raises:
        ValueError: a column holds what it may not, or is not as long as `pnl`; the message names it.
    """
    _check(pnl, series, time_ms, bucket_ms, min_common)
    found = distinct(series[series >= 0])
    kept = np.sort(np.argsort(-found.counts, kind="stable")[:MAX_SERIES])
    bucket = time_ms // bucket_ms if bucket_ms > 1 else time_ms
    points = []
    for code in found.found[kept].tolist():
        checkpoint()
        points.append(_Points(code, *_points(pnl, bucket, np.flatnonzero(series == code))))
    compared = []
    for one, other in combinations(points, 2):
        checkpoint()
        compared.append(_compared(one, other, min_common))
    return tuple(compared)


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """A series: its code, the buckets it has entries in, ascending, and its mean pnl in each."""

    code: int
    buckets: IndexColumn
    means: FloatColumn


def _check(pnl: FloatColumn, series: IndexColumn, time_ms: IndexColumn, bucket_ms: int, min_common: int) -> None:
    check_pnl(pnl)
    check_length("series", series, pnl.size)
    check_length("time_ms", time_ms, pnl.size)
    check_times("time_ms", time_ms)
    if bucket_ms < 1:
        raise ValueError(f"bucket_ms is {bucket_ms}; give at least 1")
    if min_common < FEWEST_COMMON:
        raise ValueError(f"min_common is {min_common}; give at least {FEWEST_COMMON}")


def _points(pnl: FloatColumn, bucket: IndexColumn, chosen: NDArray[np.intp]) -> tuple[IndexColumn, FloatColumn]:
    """The buckets of a series, ascending, and its mean pnl in each."""
    of_series, values = bucket[chosen], pnl[chosen]
    starts = np.flatnonzero(np.concatenate(([True], of_series[1:] != of_series[:-1])))
    counts = np.diff(np.concatenate((starts, [of_series.size])))
    return of_series[starts], np.add.reduceat(values, starts) / counts


def _compared(first: _Points, second: _Points, min_common: int) -> Correlation:
    # Both are ascending, so the one is looked up in the other.
    place = np.minimum(np.searchsorted(second.buckets, first.buckets), second.buckets.size - 1)
    mine = np.flatnonzero(second.buckets[place] == first.buckets)
    if mine.size < min_common:
        return Correlation(first.code, second.code, mine.size, None, None)
    one, two = deviations_of(first.means[mine]), deviations_of(second.means[place[mine]])
    if not (one.spread and two.spread):
        return Correlation(first.code, second.code, mine.size, None, None)
    products = float((one.scaled * two.scaled).sum())
    lengths = math.sqrt(float(np.square(one.scaled).sum()) * float(np.square(two.scaled).sum()))
    coefficient = min(max(products / lengths, -1.0), 1.0)
    return Correlation(first.code, second.code, mine.size, coefficient, _interval(coefficient, mine.size))


def _interval(coefficient: float, common: int) -> Interval | None:
    if abs(coefficient) == 1.0:
        return None
    middle, reach = math.atanh(coefficient), NORMAL_DEVIATIONS / math.sqrt(common - 3)
    return Interval(math.tanh(middle - reach), math.tanh(middle + reach))
