"""Skewness and kurtosis against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import PNL_LISTS, SEEDS, close, edge, prefixes, shuffled
from repeatable import repeatable
from scipy import stats

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.shape import Shape, shape


@pytest.mark.parametrize("seed", SEEDS)
def test_they_are_those_of_scipy_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        found = shape(pnl)
        if pnl.size < 3 or pnl.min() == pnl.max():
            assert found == Shape(None, None)
            continue
        assert found.skewness == pytest.approx(float(stats.skew(pnl)), rel=1e-8, abs=1e-8)
        if pnl.size < 4:
            assert found.kurtosis is None
        else:
            assert found.kurtosis == pytest.approx(float(stats.kurtosis(pnl, fisher=False)), rel=1e-8)


@pytest.mark.parametrize("name", ["empty", "one win", "two", "all equal", "zeros", "one unit in the last place apart"])
def test_without_spread_or_trades_there_is_no_shape(name: str) -> None:
    assert shape(edge(name)) == Shape(None, None)


def test_values_that_differ_by_little_keep_their_shape() -> None:
    """Two in five are higher: a Bernoulli variable with p = 0.4."""
    higher = edge("one unit in the last place apart") > 0.1
    found = shape(float_column([1.0 + 2.0**-36 * each for each in higher.tolist()]))
    assert found.skewness == pytest.approx(0.2 / 0.24**0.5, rel=1e-12)
    assert found.kurtosis == pytest.approx(3 + (1 - 6 * 0.24) / 0.24, rel=1e-12)


@repeatable(120)
@given(PNL_LISTS, st.integers(-60, 60), st.integers(0, 99))
def test_they_follow_sign_not_unit_nor_order_and_keep_the_bound_of_pearson(
    values: list[float], power: int, seed: int
) -> None:
    pnl = float_column(values)
    found = shape(pnl)
    others = (shape(np.ldexp(pnl, power)), shape(shuffled(pnl, seed)))
    for other in others:
        assert close(other.skewness, found.skewness, size=1e-9)
        assert close(other.kurtosis, found.kurtosis)
    if found.skewness is None:
        return
    assert shape(-pnl).skewness == pytest.approx(-found.skewness, rel=1e-9, abs=1e-9)
    if found.kurtosis is not None:
        assert found.kurtosis >= (found.skewness**2 + 1.0) * (1 - 1e-9)
        assert found.kurtosis <= pnl.size * (1 + 1e-9)
