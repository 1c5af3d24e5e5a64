"""Correlation on common points of time against scipy, with points gathered by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import PNL, assert_no_nan, close
from repeatable import repeatable
from scipy import stats

from strategic_memory_server.columns.columns import float_column, index_column
from strategic_memory_server.figures.correlation import MAX_SERIES, Correlation, correlations


def points(pnl: list[float], series: list[int], times: list[int], code: int, bucket_ms: int) -> dict[int, float]:
    gathered: dict[int, list[float]] = {}
    for value, one, time in zip(pnl, series, times, strict=True):
        if one == code:
            gathered.setdefault(time // bucket_ms, []).append(value)
    return {bucket: float(np.mean(values)) for bucket, values in gathered.items()}


@each_case("seed", range(12))
def test_they_are_those_of_scipy_over_the_common_points(seed: int) -> None:
    random = np.random.default_rng(seed)
    length = 250
    pnl, series = random.standard_normal(length), random.integers(-1, 4, length)
    times = np.sort(random.integers(-2000, 2000, length))
    bucket_ms = (1, 40, 100, 999)[seed % 4]
    expected: list[tuple[int, int, int, float | None, tuple[float, float] | None]] = []
    for first, second in combinations(range(4), 2):
        one, other = (
            points(pnl.tolist(), series.tolist(), times.tolist(), code, bucket_ms) for code in (first, second)
        )
        common = sorted(one.keys() & other.keys())
        if len(common) < 5:
            expected.append((first, second, len(common), None, None))
            continue
        reference = stats.pearsonr([one[key] for key in common], [other[key] for key in common])
        ends = reference.confidence_interval(0.95)
        expected.append((first, second, len(common), float(reference.statistic), (float(ends.low), float(ends.high))))
    found = correlations(pnl, series, times, bucket_ms=bucket_ms, min_common=5)
    for got, wanted in zip(found, expected, strict=True):
        assert (got.first, got.second, got.common) == wanted[:3]
        assert close(got.coefficient, wanted[3], size=1e-12)
        assert (got.interval is None) == (wanted[4] is None)
        if got.interval is not None:
            assert got.interval == pytest.approx(wanted[4], rel=1e-9)


def test_policies_are_compared_at_the_very_same_times_only() -> None:
    times = index_column(sorted([*range(0, 40, 2), *range(20, 40)]))
    series = index_column([0 if place < 10 else place % 2 for place in range(times.size)])
    found = correlations(np.sin(np.arange(float(times.size))), series, times)
    common = {time for time, one in zip(times, series, strict=True) if one == 0} & {
        time for time, one in zip(times, series, strict=True) if one == 1
    }
    assert [(one.first, one.second, one.common) for one in found] == [(0, 1, len(common))]


def test_below_the_fewest_common_points_there_is_none() -> None:
    pnl = float_column([float(place % 5) for place in range(20)])
    series, times = index_column([0, 1] * 10), index_column([place // 2 for place in range(20)])
    assert correlations(pnl, series, times, min_common=11) == (Correlation(0, 1, 10, None, None),)
    assert correlations(pnl, series, times, min_common=10)[0].coefficient is not None


def test_a_series_that_never_changes_goes_with_nothing() -> None:
    pnl = float_column([0.1 if place % 2 else float(place) for place in range(40)])
    series, times = index_column([0, 1] * 20), index_column([place // 2 for place in range(40)])
    assert correlations(pnl, series, times) == (Correlation(0, 1, 20, None, None),)


def test_series_that_are_the_same_are_fully_correlated_and_have_no_interval() -> None:
    values = np.arange(20.0) ** 2
    series, times = index_column([0, 1] * 20), index_column([place // 2 for place in range(40)])
    same = correlations(np.repeat(values, 2), series, times)[0]
    assert same.coefficient == pytest.approx(1.0)
    signs = np.where(series == 0, 1.0, -1.0)
    opposite = correlations(np.repeat(values, 2) * signs, series, times)[0]
    assert opposite.coefficient == pytest.approx(-1.0)


@pytest.mark.parametrize(("pnl", "series", "times"), [([], [], []), ([1.0], [0], [5]), ([1.0, 2.0], [-1, -1], [5, 6])])
def test_without_two_series_there_is_no_pair(pnl: list[float], series: list[int], times: list[int]) -> None:
    assert correlations(float_column(pnl), index_column(series), index_column(times)) == ()


def test_only_the_series_with_the_most_entries_are_compared() -> None:
    series = index_column([*range(MAX_SERIES + 5), MAX_SERIES + 4])
    found = correlations(float_column([1.0] * series.size), series, index_column(range(series.size)))
    assert len(found) == MAX_SERIES * (MAX_SERIES - 1) // 2
    compared = {one.first for one in found} | {one.second for one in found}
    assert compared == {*range(MAX_SERIES - 1), MAX_SERIES + 4}


@repeatable(150)
@given(st.lists(st.tuples(PNL, st.integers(-1, 2), st.integers(0, 9)), max_size=80))
def test_they_are_bounded_and_finite_and_hold_the_coefficient(rows: list[tuple[float, int, int]]) -> None:
    rows.sort(key=lambda row: row[2])
    pnl = float_column([value for value, _, _ in rows])
    series, times = index_column([code for _, code, _ in rows]), index_column([time for _, _, time in rows])
    for one in correlations(pnl, series, times, min_common=4):
        assert_no_nan(one)
        if one.coefficient is not None:
            assert -1.0 <= one.coefficient <= 1.0
        if one.interval is not None and one.coefficient is not None:
            assert -1.0 <= one.interval.low <= one.coefficient + 1e-15
            assert one.coefficient - 1e-15 <= one.interval.high <= 1.0


@pytest.mark.parametrize(("bucket_ms", "min_common", "message"), [(0, 10, "bucket_ms is 0"), (1, 3, "min_common is 3")])
def test_limits_that_make_no_sense_are_refused(bucket_ms: int, min_common: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        correlations(float_column([]), index_column([]), index_column([]), bucket_ms=bucket_ms, min_common=min_common)
