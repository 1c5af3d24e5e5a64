"""Trades that are equal but for rounding: what would be divided by that is absent, as for trades that are equal."""

from __future__ import annotations

import numpy as np
import pytest
from each_case import each_case

from strategic_memory_server.columns.columns import FloatColumn, float_column, index_column
from strategic_memory_server.figures.correlation import correlations
from strategic_memory_server.figures.drift import recent_drift
from strategic_memory_server.figures.performance import performance

TRADES = 120

EQUAL: dict[str, list[float]] = {
    "in turns": [0.3, 0.30000000000000004],
    "one among many": [0.3] * 11 + [0.1 + 0.2],
    "losses": [-0.3, -0.30000000000000004, -0.1 - 0.2],
    "differences of prices": [100.3 - 100.0, 200.3 - 200.0, 50.3 - 50.0],
    "large": [1e15, 1e15 + 0.125],
    "small": [1e-300, 1.0000000000000002e-300],
}


def of(values: list[float]) -> FloatColumn:
    return np.resize(float_column(values), TRADES)


@each_case("name", EQUAL)
def test_trades_that_are_equal_to_rounding_have_no_spread(name: str) -> None:
    pnl = of(EQUAL[name])
    figures, drift = performance(pnl), recent_drift(pnl, 50)
    assert figures.mean_pnl.mean == pytest.approx(float(pnl.mean()), rel=1e-12)
    assert (figures.mean_pnl.interval, figures.mean_pnl.method) == (None, None)
    assert (figures.sharpe.ratio, figures.sharpe.standard_error) == (None, None)
    assert (figures.shape.skewness, figures.shape.kurtosis) == (None, None)
    assert (figures.autocorrelation.lag_one, figures.autocorrelation.significant) == (None, False)
    assert (drift.standard_error, drift.statistic, drift.degrees) == (None, None, None)
    assert drift.difference is not None


@each_case("name", EQUAL)
def test_their_correlation_is_absent(name: str) -> None:
    pnl = np.stack([of(EQUAL[name]), np.random.default_rng(3).standard_normal(TRADES)], axis=1).ravel()
    series = index_column([0, 1] * TRADES)
    times = np.repeat(np.arange(TRADES, dtype=np.int64), 2)
    (found,) = correlations(pnl, series, times)
    assert (found.common, found.coefficient, found.interval) == (TRADES, None, None)


@each_case("noise", [-5.551115123125783e-17, -1e-15, -1e-300])
def test_a_loss_that_is_rounding_divides_nothing(noise: float) -> None:
    """0.1 + 0.2 - 0.3 with its sign turned: it counts as a loss, and says nothing about what losses cost."""
    figures = performance(of([0.3, 0.25, 0.3, 0.4, noise]))
    profit = figures.profit
    assert figures.win_rate.losses == TRADES // 5
    assert (profit.profit_factor, profit.payoff_ratio, profit.expectancy_ratio) == (None, None, None)
    assert figures.sortino is None
    assert figures.sharpe.ratio is not None


@each_case("price", [1_234.5, 60_000.0, 104_321.25])
def test_what_is_left_of_large_prices_is_equal_to_their_rounding(price: float) -> None:
    """Of differences of prices fewer digits are right than of a number that was written with them."""
    pnl = of([price * place + 0.3 - price * place for place in range(1, 8)])
    assert pnl.max() > pnl.min()
    figures = performance(pnl)
    assert (figures.sharpe.ratio, figures.sharpe.standard_error) == (None, None)
    later = np.concatenate((pnl, pnl + 0.1))
    assert recent_drift(later, TRADES).statistic is None
    rest = (price + 0.1) + 0.2 - price - 0.3
    figures = performance(of([0.3, 0.25, 0.4, -abs(rest)]))
    assert (figures.profit.profit_factor, figures.profit.payoff_ratio, figures.sortino) == (None, None, None)


def test_small_is_not_rounding() -> None:
    figures = performance(of([0.3, 0.3 + 1e-9, 0.3, -1e-9]))
    assert figures.profit.profit_factor == pytest.approx(0.9e9, rel=1e-6)
    assert figures.sortino is not None
    assert performance(of([0.3, 0.3 + 1e-9])).sharpe.ratio == pytest.approx(0.6e9, rel=1e-2)
