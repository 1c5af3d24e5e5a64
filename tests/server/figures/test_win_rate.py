"""Win rate, and the interval of Wilson against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import SEEDS, edge, prefixes
from repeatable import repeatable
from scipy import stats

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.win_rate import WinRate, wilson_interval, win_rate


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rate_and_its_interval_are_those_of_scipy_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        found = win_rate(pnl)
        wins, losses = sum(value > 0 for value in pnl), sum(value < 0 for value in pnl)
        assert (found.wins, found.losses, found.break_even) == (wins, losses, pnl.size - wins - losses)
        if not wins + losses:
            assert (found.rate, found.interval) == (None, None)
            continue
        assert found.rate == wins / (wins + losses)
        expected = stats.binomtest(wins, wins + losses).proportion_ci(0.95, method="wilson")
        assert found.interval == pytest.approx((expected.low, expected.high), rel=1e-12, abs=1e-15)


def test_what_broke_even_decides_nothing() -> None:
    assert win_rate(edge("zeros")) == WinRate(0, 0, 30, None, None)
    assert win_rate(edge("negative zeros")) == WinRate(0, 0, 30, None, None)
    assert win_rate(edge("empty")) == WinRate(0, 0, 0, None, None)
    assert win_rate(float_column([1e-300, 0.0, -5e-324])).rate == 0.5


def test_all_wins_and_all_losses_reach_the_ends() -> None:
    wins, losses = win_rate(edge("all wins")), win_rate(edge("all losses"))
    assert (wins.rate, losses.rate) == (1.0, 0.0)
    assert wins.interval is not None
    assert losses.interval is not None
    assert wins.interval.high == 1.0
    assert losses.interval.low == 0.0
    assert wins.interval.low == pytest.approx(1.0 - losses.interval.high)


@repeatable(120)
@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_the_interval_holds_the_rate_narrows_with_more_trials_and_rises_with_successes(some: int, trials: int) -> None:
    successes = min(some, trials)
    found, more = wilson_interval(successes, trials), wilson_interval(4 * successes, 4 * trials)
    assert found is not None
    assert more is not None
    assert 0.0 <= found.low <= successes / trials <= found.high <= 1.0
    assert more.high - more.low < found.high - found.low
    if successes < trials:
        higher = wilson_interval(successes + 1, trials)
        assert higher is not None
        assert higher.low > found.low
        assert higher.high >= found.high
