"""Maximum drawdown against a brute force over all pairs of moments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import PNL_LISTS, SEEDS, edge, prefixes
from repeatable import repeatable

from strategic_memory_server.columns.columns import float_column, index_column
from strategic_memory_server.figures.drawdown import Drawdown, maximum_drawdown

EVEN = st.lists(st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=25)


def brute_force(values: list[float], times: list[int]) -> Drawdown:
    """Sums of the values have to be exact."""
    cumulative = [math.fsum(values[:place]) for place in range(len(values) + 1)]
    falls = [
        (cumulative[peak] - cumulative[low], -low, peak) for low in range(len(cumulative)) for peak in range(low + 1)
    ]
    depth, negative_trough, peak = max(falls)
    if depth == 0.0:
        return Drawdown(0.0, 0, 0, 0, 0, recovered=True)
    trough = -negative_trough
    later = [place for place in range(trough, len(cumulative)) if cumulative[place] >= cumulative[peak]]
    end = later[0] if later else len(values)
    at = [times[0], *times]
    return Drawdown(depth, trough - peak, at[trough] - at[peak], end - peak, at[end] - at[peak], recovered=bool(later))


@repeatable(100)
@given(EVEN, st.lists(st.integers(0, 5), min_size=25, max_size=25))
def test_it_is_that_of_the_brute_force(values: list[float], steps: list[int]) -> None:
    times = np.cumsum(steps[: len(values)]).tolist()
    assert maximum_drawdown(float_column(values), index_column(times)) == brute_force(values, times)


@pytest.mark.parametrize("seed", SEEDS)
def test_its_depth_is_that_of_the_brute_force_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        found = maximum_drawdown(pnl)
        if not pnl.size:
            assert found is None
            continue
        assert found is not None
        depth = brute_force(pnl.tolist(), [0] * pnl.size).depth
        assert found.depth == pytest.approx(depth, rel=1e-9, abs=1e-14 * float(np.abs(pnl).sum()))
        assert (found.fall_ms, found.length_ms) == (None, None)


def test_the_fall_starts_before_the_first_trade_when_that_loses() -> None:
    found = maximum_drawdown(float_column([-1.0, -2.0, 0.5]), index_column([100, 250, 900]))
    assert found == Drawdown(3.0, 2, 150, 3, 800, recovered=False)


def test_the_length_ends_with_the_recovery() -> None:
    found = maximum_drawdown(float_column([1.0, -0.5, -0.5, 0.25, 1.0, 1.0]), index_column([0, 10, 20, 30, 40, 50]))
    assert found == Drawdown(1.0, 2, 20, 4, 40, recovered=True)


def test_a_fall_begins_at_the_peak_that_decimal_fractions_came_back_to() -> None:
    pnl = float_column([1.0, -0.3, -0.4, 0.7, -5.0])
    assert sum(pnl[:4].tolist()) < 1.0, "the sum as rounded lies below the peak"
    found = maximum_drawdown(pnl, index_column([0, 10, 20, 30, 40]))
    assert found is not None
    assert (found.fall_trades, found.fall_ms, found.length_trades) == (1, 10, 1)


def test_decimal_fractions_recover_in_spite_of_their_rounding() -> None:
    pnl = float_column([1.0, -0.3, -0.4, 0.7])
    assert sum(pnl.tolist()) < 1.0, "the sum as rounded lies below the peak"
    found = maximum_drawdown(pnl)
    assert found is not None
    assert found.recovered


def test_of_falls_that_decimal_fractions_make_as_deep_it_is_the_first() -> None:
    found = maximum_drawdown(float_column([-0.3, 0.3, -0.1, -0.2]))
    assert found == Drawdown(-sum([-0.1, -0.2]), 1, None, 2, None, recovered=True)
    assert found.depth > 0.3, "the second as rounded is the deeper one"


@pytest.mark.parametrize("name", ["all wins", "zeros", "one win", "all equal"])
def test_without_a_loss_it_is_truly_zero(name: str) -> None:
    assert maximum_drawdown(edge(name)) == Drawdown(0.0, 0, None, 0, None, recovered=True)


def test_without_a_win_it_is_everything() -> None:
    found = maximum_drawdown(edge("all losses"))
    assert found is not None
    assert found.depth == pytest.approx(19.35)
    assert (found.fall_trades, found.length_trades, found.recovered) == (30, 30, False)


@repeatable(100)
@given(PNL_LISTS.filter(bool), st.integers(-60, 60))
def test_it_never_shrinks_with_more_trades_and_follows_the_unit(values: list[float], power: int) -> None:
    pnl = float_column(values)
    found, before = maximum_drawdown(pnl), maximum_drawdown(pnl[:-1])
    assert found is not None
    assert before is None or found.depth >= before.depth
    assert 0.0 <= found.depth <= -float(np.minimum(pnl, 0.0).sum()) + 1e-14 * float(np.abs(pnl).sum())
    assert 0 <= found.fall_trades <= found.length_trades <= pnl.size
    scaled = maximum_drawdown(np.ldexp(pnl, power))
    assert scaled is not None
    assert scaled.depth == pytest.approx(math.ldexp(found.depth, power), rel=1e-12)
