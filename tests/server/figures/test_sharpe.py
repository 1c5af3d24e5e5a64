"""Sharpe and Sortino ratios against numpy, and the standard error against what simulation gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import PNL_LISTS, SEEDS, close, edge, prefixes, shuffled
from repeatable import repeatable
from scipy import stats

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.sharpe import Sharpe, sharpe
from strategic_memory_server.figures.sortino import sortino


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ratio_and_its_error_are_those_of_numpy_and_scipy_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        found = sharpe(pnl)
        if pnl.size < 2 or pnl.min() == pnl.max():
            assert found == Sharpe(None, None)
            continue
        ratio = float(np.mean(pnl) / np.std(pnl, ddof=1))
        assert found.ratio == pytest.approx(ratio, rel=1e-9, abs=1e-12)
        if pnl.size < 4:
            assert found.standard_error is None
            continue
        skewness, kurtosis = float(stats.skew(pnl)), float(stats.kurtosis(pnl, fisher=False))
        variance = (1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2) / pnl.size
        assert found.standard_error == pytest.approx(math.sqrt(variance), rel=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_error_is_the_spread_of_the_ratio_over_many_skewed_histories(sign: float) -> None:
    random = np.random.default_rng(4)
    found = [sharpe(sign * random.exponential(1.0, 400) - 0.5) for _ in range(1500)]
    spread = np.std([one.ratio for one in found if one.ratio is not None])
    said = np.mean([one.standard_error for one in found if one.standard_error is not None])
    assert said == pytest.approx(spread, rel=0.08)


@pytest.mark.parametrize("name", ["empty", "one win", "one zero", "two equal", "all equal", "zeros"])
def test_without_spread_there_is_no_sharpe_ratio(name: str) -> None:
    assert sharpe(edge(name)) == Sharpe(None, None)


@repeatable(100)
@given(PNL_LISTS, st.integers(-60, 60))
def test_the_sharpe_ratio_follows_the_sign_and_not_the_unit(values: list[float], power: int) -> None:
    pnl = float_column(values)
    found, scaled, turned = sharpe(pnl), sharpe(np.ldexp(pnl, power)), sharpe(-pnl)
    assert close(scaled.ratio, found.ratio, size=1e-12)
    assert close(scaled.standard_error, found.standard_error, size=1e-9)
    if found.ratio is not None:
        assert turned.ratio == pytest.approx(-found.ratio, rel=1e-9, abs=1e-12)
    if found.standard_error is not None:
        assert found.standard_error >= 0.0


@repeatable(100)
@given(st.lists(st.floats(-10.0, 10.0), min_size=4, max_size=40), st.floats(0.1, 5.0))
def test_earning_more_at_the_same_risk_raises_both_ratios(values: list[float], more: float) -> None:
    pnl = float_column(values)
    before, after = sharpe(pnl), sharpe(pnl + more)
    if before.ratio is not None and after.ratio is not None and np.ptp(pnl) > 1e-6:
        assert after.ratio > before.ratio
    least, most = sortino(pnl), sortino(pnl + more)
    if least is not None and most is not None and pnl.mean() > 0.0:
        assert most > least


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sortino_ratio_is_that_of_numpy_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        if not (pnl < 0.0).any():
            assert sortino(pnl) is None
            continue
        downside = math.sqrt(math.fsum(value * value for value in pnl if value < 0.0) / pnl.size)
        assert sortino(pnl) == pytest.approx(float(np.mean(pnl)) / downside, rel=1e-9, abs=1e-12)


def test_the_sortino_ratio_at_the_edges() -> None:
    assert sortino(edge("all equal losses")) == pytest.approx(-1.0)
    assert sortino(edge("two")) == pytest.approx(-0.5 / 2**0.5)
    assert sortino(edge("tiny")) == pytest.approx(0.25 / (5 / 4) ** 0.5)
    assert sortino(edge("huge wins, tiny losses")) is None


@repeatable(100)
@given(PNL_LISTS, st.integers(-60, 60), st.integers(0, 99))
def test_the_sortino_ratio_is_free_of_unit_and_order_and_at_least_minus_one(
    values: list[float], power: int, seed: int
) -> None:
    pnl = float_column(values)
    found = sortino(pnl)
    assert close(sortino(np.ldexp(pnl, power)), found, size=1e-9)
    assert close(sortino(shuffled(pnl, seed)), found, size=1e-9)
    assert found is None or found >= -1.0 - 1e-12
