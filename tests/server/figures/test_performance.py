"""All figures of a group together: finite whatever was earned, the same every time, and checked columns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import EDGES, PNL_LISTS, SEEDS, assert_no_nan, close, edge, prefixes, random_pnl
from repeatable import repeatable

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn, float_column, index_column
from strategic_memory_server.figures.autocorrelation import autocorrelation
from strategic_memory_server.figures.drawdown import maximum_drawdown
from strategic_memory_server.figures.losing_run import longest_losing_run
from strategic_memory_server.figures.mean_pnl import mean_pnl
from strategic_memory_server.figures.performance import Performance, performance
from strategic_memory_server.figures.profit import profit
from strategic_memory_server.figures.sample_size import effective_size
from strategic_memory_server.figures.shape import shape
from strategic_memory_server.figures.sharpe import sharpe
from strategic_memory_server.figures.sortino import sortino
from strategic_memory_server.figures.tail_risk import tail_risk
from strategic_memory_server.figures.win_rate import win_rate

NOW_MS = 1_766_296_800_000


def times(length: int) -> IndexColumn:
    return index_column([NOW_MS - 1000 * (length - place) for place in range(length)])


@each_case("name", EDGES)
def test_no_edge_gives_a_number_that_is_none(name: str) -> None:
    pnl = edge(name)
    found = performance(pnl, time_ms=times(pnl.size), now_ms=NOW_MS, weights=np.abs(pnl))
    assert_no_nan(found)
    assert found == performance(pnl.copy(), time_ms=times(pnl.size), now_ms=NOW_MS, weights=np.abs(pnl))


@repeatable(120)
@given(PNL_LISTS)
def test_no_pnl_gives_a_number_that_is_none(values: list[float]) -> None:
    assert_no_nan(performance(float_column(values), time_ms=times(len(values)), now_ms=NOW_MS))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_part_is_that_of_its_own_function(seed: int) -> None:
    pnl = random_pnl(seed)
    weights = np.abs(pnl)
    assert performance(pnl, time_ms=times(pnl.size), now_ms=NOW_MS, weights=weights) == Performance(
        trades=pnl.size,
        effective_trades=effective_size(weights),
        newest_age_ms=1000,
        win_rate=win_rate(pnl),
        mean_pnl=mean_pnl(pnl),
        profit=profit(pnl),
        sharpe=sharpe(pnl),
        sortino=sortino(pnl),
        drawdown=maximum_drawdown(pnl, times(pnl.size)),
        shape=shape(pnl),
        tail_risk=tail_risk(pnl),
        autocorrelation=autocorrelation(pnl),
        longest_losing_run=longest_losing_run(pnl),
    )


def test_of_nothing_only_the_counts_are_known() -> None:
    found = performance(float_column([]), time_ms=index_column([]), now_ms=NOW_MS, weights=float_column([]))
    assert (found.trades, found.win_rate.wins, found.win_rate.losses) == (0, 0, 0)
    absent = (found.effective_trades, found.newest_age_ms, found.sortino, found.drawdown, found.longest_losing_run)
    assert absent == (None,) * 5
    assert found.mean_pnl.mean is None


def test_what_was_not_given_is_absent() -> None:
    found = performance(edge("two"))
    assert (found.effective_trades, found.newest_age_ms) == (None, None)
    assert found.drawdown is not None
    assert found.drawdown.fall_ms is None
    assert performance(edge("two"), time_ms=times(2)).newest_age_ms is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_power_of_two_as_unit_changes_no_digit(seed: int) -> None:
    for pnl in list(prefixes(seed))[::9]:
        found, scaled = performance(pnl), performance(np.ldexp(pnl, 20))
        assert (found.win_rate, found.sharpe, found.sortino) == (scaled.win_rate, scaled.sharpe, scaled.sortino)
        assert (found.shape, found.autocorrelation) == (scaled.shape, scaled.autocorrelation)
        assert found.profit.profit_factor == scaled.profit.profit_factor
        if found.mean_pnl.mean is not None:
            assert scaled.mean_pnl.mean == math.ldexp(found.mean_pnl.mean, 20)
        if found.mean_pnl.interval is not None:
            assert scaled.mean_pnl.interval == tuple(math.ldexp(end, 20) for end in found.mean_pnl.interval)


@repeatable(100)
@given(PNL_LISTS, st.floats(1e-3, 1e3))
def test_ratios_are_free_of_any_unit(values: list[float], unit: float) -> None:
    pnl = float_column(values)
    if np.unique(pnl).size != np.unique(pnl * unit).size or np.count_nonzero(np.abs(pnl) < 1e-290):
        return
    found, scaled = performance(pnl), performance(pnl * unit)
    assert close(scaled.profit.profit_factor, found.profit.profit_factor, rel=1e-9)
    assert close(scaled.sortino, found.sortino, rel=1e-6, size=1e-9)
    assert scaled.longest_losing_run == found.longest_losing_run
    assert scaled.win_rate == found.win_rate


@each_case(
    ("pnl", "time_ms", "weights", "message"),
    [
        ([1.0, math.nan], [1, 2], [1.0, 1.0], r"pnl\[1\] is nan; give a finite number up to 1e\+100 in size"),
        ([-math.inf, 1.0], [1, 2], [1.0, 1.0], r"pnl\[0\] is -inf"),
        ([1.0, 2e100], [1, 2], [1.0, 1.0], r"pnl\[1\] is 2e\+100"),
        ([1.0, 2.0], [2, 1], [1.0, 1.0], r"time_ms\[1\] is 1; it is earlier than the one before; sort oldest first"),
        ([1.0, 2.0], [1], [1.0, 1.0], "time_ms has 1 values where 2 are needed"),
        ([1.0, 2.0], [1, 1], [1.0, -1.0], r"weights\[1\] is -1.0; give a finite number, at least 0"),
        ([1.0, 2.0], [1, 1], [1.0, math.inf], r"weights\[1\] is inf"),
        ([1.0, 2.0], [1, 1], [1.0], "weights has 1 values where 2 are needed"),
    ],
)
def test_a_column_that_cannot_be_used_is_named(
    pnl: list[float], time_ms: list[int], weights: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        performance(float_column(pnl), time_ms=index_column(time_ms), weights=float_column(weights))


def test_columns_are_only_read() -> None:
    pnl: FloatColumn = random_pnl(0)
    weights = float_column([1.0] * pnl.size)
    before = pnl.tolist()
    performance(pnl, time_ms=times(pnl.size), now_ms=NOW_MS, weights=weights)
    assert pnl.tolist() == before
