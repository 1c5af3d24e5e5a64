"""Drift against the t test of Welch in scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import EDGES, PNL_LISTS, SEEDS, assert_no_nan, close, edge, prefixes
from repeatable import repeatable
from scipy import stats

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.drift import Drift, Sample, drift, recent_drift, sample_of


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_that_of_scipy_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        found = recent_drift(pnl, 12)
        recent, memory = pnl[-12:], pnl[:-12]
        assert (found.recent_trades, found.memory_trades) == (recent.size, memory.size)
        if not memory.size:
            assert found == Drift(pnl.size, 0.0, None, None, None, None)
            continue
        assert found.difference == pytest.approx(float(recent.mean() - memory.mean()), rel=1e-6, abs=1e-12)
        if memory.size < 2:
            assert (found.standard_error, found.statistic, found.degrees) == (None, None, None)
            continue
        expected = stats.ttest_ind(recent, memory, equal_var=False)
        assert found.statistic == pytest.approx(float(expected.statistic), rel=1e-6, abs=1e-9)
        assert found.degrees == pytest.approx(float(expected.df), rel=1e-9)
        assert found.standard_error == pytest.approx(
            math.sqrt(recent.var(ddof=1) / recent.size + memory.var(ddof=1) / memory.size), rel=1e-9
        )


def test_the_memory_may_be_sums_of_weighted_trades() -> None:
    found = drift(Sample(25.0, 1.5, 2.0), Sample(499.5, 1.0, 1.0))
    assert found.difference == 0.5
    assert found.standard_error == pytest.approx(math.sqrt(4 / 25 + 1 / 499.5))
    assert found.statistic == pytest.approx(0.5 / math.sqrt(4 / 25 + 1 / 499.5))


def test_without_spread_there_is_a_difference_and_no_measure_of_it() -> None:
    assert recent_drift(float_column([1.0] * 5 + [2.0] * 5), 5) == Drift(5.0, 5.0, 1.0, None, None, None)
    one_sided = recent_drift(float_column([1.0] * 5 + [2.0, 3.0, 2.0, 3.0]), 4)
    assert one_sided.statistic == pytest.approx(1.5 / math.sqrt(1 / 3 / 4))
    assert one_sided.degrees == pytest.approx(3.0)


def test_independent_trades_drift_two_errors_about_one_time_in_twenty() -> None:
    random = np.random.default_rng(2)
    found = [recent_drift(random.standard_normal(300), 50).statistic for _ in range(2000)]
    assert 0.035 < np.mean([abs(one) > 1.99 for one in found if one is not None]) < 0.065


@each_case("name", EDGES)
def test_no_edge_gives_a_number_that_is_none(name: str) -> None:
    assert_no_nan(recent_drift(edge(name), 5))


@repeatable(100)
@given(PNL_LISTS, PNL_LISTS, st.integers(-60, 60))
def test_it_turns_with_the_samples_and_follows_the_unit(one: list[float], other: list[float], power: int) -> None:
    first, second = sample_of(float_column(one)), sample_of(float_column(other))
    found, turned = drift(first, second), drift(second, first)
    assert_no_nan(found)
    if found.difference is not None:
        assert turned.difference == -found.difference
        assert close(turned.degrees, found.degrees)
    scaled = drift(
        *(sample_of(np.ldexp(float_column(values), power)) for values in (one, other)),
    )
    size = 1e-12 * math.ldexp(max(map(abs, [*one, *other]), default=0.0), power)
    wanted = None if found.difference is None else math.ldexp(found.difference, power)
    assert close(scaled.difference, wanted, rel=1e-9, size=size)
    if found.degrees is not None:
        assert min(first.trades, second.trades) - 1 <= found.degrees * (1 + 1e-9)
        assert found.degrees <= (first.trades + second.trades - 2) * (1 + 1e-9)


def test_no_recent_trades_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="recent_trades is 0; give at least 1"):
        recent_drift(edge("two"), 0)
