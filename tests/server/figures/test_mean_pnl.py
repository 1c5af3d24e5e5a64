"""Mean pnl and both of its intervals: Student's against scipy, the bootstrap's against one drawn block by block."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import PNL_LISTS, SEEDS, assert_no_nan, edge, prefixes
from repeatable import repeatable
from scipy import stats

from strategic_memory_server.columns.columns import FloatColumn, float_column
from strategic_memory_server.figures import block_bootstrap
from strategic_memory_server.figures.mean_pnl import IntervalMethod, MeanPnl, mean_pnl


def dependent(seed: int, trades: int, persistence: float) -> FloatColumn:
    """A first-order autoregression around 0."""
    random = np.random.default_rng(seed)
    values, last = [], 0.0
    for shock in random.standard_normal(trades + 50).tolist():
        last = persistence * last + shock
        values.append(last)
    return float_column(values[50:])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_interval_of_independent_trades_is_that_of_scipy_on_every_prefix(seed: int) -> None:
    compared = 0
    for pnl in prefixes(seed):
        found = mean_pnl(pnl)
        if found.method is IntervalMethod.STUDENT_T:
            expected = stats.ttest_1samp(pnl, 0.0).confidence_interval(0.95)
            assert found.interval == pytest.approx((expected.low, expected.high), rel=1e-9)
            assert found.block_trades is None
            compared += 1
        if pnl.size:
            assert found.mean == pytest.approx(float(np.mean(pnl)), rel=1e-12)
    assert compared >= 15


@pytest.mark.parametrize(
    ("name", "mean"), [("empty", None), ("one win", 2.5), ("two equal", 0.1), ("all equal", 0.1), ("zeros", 0.0)]
)
def test_without_spread_there_is_a_mean_at_most(name: str, mean: float | None) -> None:
    assert mean_pnl(edge(name)) == MeanPnl(mean, None, None, None)


def test_two_trades_give_the_widest_interval() -> None:
    found = mean_pnl(edge("two"))
    assert found.interval == pytest.approx((-0.5 - 12.706204736 * 1.5, -0.5 + 12.706204736 * 1.5), rel=1e-9)


@pytest.mark.parametrize("persistence", [-0.4, 0.4, 0.7])
def test_the_bootstrap_is_the_one_drawn_block_by_block(persistence: float) -> None:
    pnl = dependent(3, 90, persistence)
    found = mean_pnl(pnl)
    assert found.method is IntervalMethod.BLOCK_BOOTSTRAP
    length = found.block_trades
    assert length is not None
    blocks = math.ceil(90 / length)
    bits = np.random.PCG64(block_bootstrap.SEED).random_raw(block_bootstrap.RESAMPLES * blocks).tolist()
    means = []
    for resample in range(block_bootstrap.RESAMPLES):
        drawn: list[float] = []
        for bit in bits[resample * blocks : (resample + 1) * blocks]:
            start = ((bit >> 32) * 90) >> 32
            drawn += [float(pnl[(start + step) % 90]) for step in range(length)]
        means.append(math.fsum(drawn) / len(drawn))
    means.sort()
    mean = math.fsum(pnl) / 90
    wider = float(stats.t.ppf(0.975, blocks - 1) / stats.norm.ppf(0.975)) * math.sqrt(
        blocks / (blocks - 1) * blocks * length / 90
    )
    expected = (mean + wider * (means[49] - mean), mean + wider * (means[1949] - mean))
    assert found.interval == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("persistence", "least", "most"), [(0.5, 0.89, 0.97), (-0.4, 0.92, 0.995)])
def test_the_interval_of_dependent_trades_holds_the_mean_as_often_as_it_says(
    persistence: float, least: float, most: float
) -> None:
    held = 0
    for seed in range(300):
        interval = mean_pnl(dependent(seed, 200, persistence)).interval
        assert interval is not None
        held += interval.low <= 0.0 <= interval.high
    assert least < held / 300 < most


def test_the_bootstrap_is_wider_for_what_persists_and_narrower_for_what_alternates() -> None:
    for persistence in (0.5, -0.5):
        pnl = dependent(5, 400, persistence)
        interval = mean_pnl(pnl).interval
        assert interval is not None
        student = stats.ttest_1samp(pnl, 0.0).confidence_interval(0.95)
        wider = (interval.high - interval.low) / (student.high - student.low)
        assert (wider > 1.3) if persistence > 0 else (wider < 0.75)


def test_the_same_trades_give_the_same_interval() -> None:
    pnl = dependent(8, 500, 0.6)
    assert mean_pnl(pnl) == mean_pnl(pnl.copy())


@repeatable(100)
@given(st.integers(20, 10**9), st.floats(-1.0, 1.0))
def test_the_cost_of_the_bootstrap_is_bounded(trades: int, lag_one: float) -> None:
    length = block_bootstrap.block_length(trades, lag_one)
    assert 1 <= length <= max(trades / 3 + 1, trades / 1000 + 1)
    assert math.ceil(trades / length) <= block_bootstrap.MAX_BLOCKS


def test_blocks_have_the_length_that_is_best_for_an_autoregression() -> None:
    """b = (2 G^2 / D)^(1/3) n^(1/3) with G = sum |k| R(k), D = 4/3 (sum R(k))^2, by brute force over the lags."""
    for lag_one in (0.2, 0.5, 0.8):
        covariances = [lag_one**lag for lag in range(500)]
        spread = 2 * sum(lag * value for lag, value in enumerate(covariances))
        level = 2 * sum(covariances) - 1.0
        expected = (2 * spread**2 / (4 / 3 * level**2) * 100_000) ** (1 / 3)
        assert block_bootstrap.block_length(100_000, lag_one) == math.ceil(max(expected, 100))
    assert block_bootstrap.block_length(900, 0.999) == 90


@repeatable(150)
@given(PNL_LISTS, st.integers(-40, 40))
def test_the_figures_follow_the_unit_and_the_sign(values: list[float], power: int) -> None:
    pnl = float_column(values)
    found, scaled, turned = mean_pnl(pnl), mean_pnl(np.ldexp(pnl, power)), mean_pnl(-pnl)
    assert_no_nan(found)
    if found.mean is None:
        return
    size = max(map(abs, values))
    assert scaled.mean == pytest.approx(math.ldexp(found.mean, power), rel=1e-12, abs=math.ldexp(size, power) * 1e-15)
    assert turned.mean == pytest.approx(-found.mean, rel=1e-12, abs=size * 1e-15)
    assert (found.interval is None) == (min(values) == max(values))
    if found.interval is not None:
        assert found.interval.low <= found.mean <= found.interval.high
        assert (found.method is IntervalMethod.BLOCK_BOOTSTRAP) == (found.block_trades is not None)
