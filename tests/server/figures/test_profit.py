"""Profit factor, payoff ratio and expectancy against their definitions in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import PNL_LISTS, SEEDS, close, edge, prefixes, shuffled
from repeatable import repeatable

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.profit import Profit, profit


def brute_force(values: list[float]) -> Profit:
    wins = [Fraction(value) for value in values if value > 0]
    losses = [-Fraction(value) for value in values if value < 0]
    won, lost = sum(wins, start=Fraction(0)), sum(losses, start=Fraction(0))
    mean_win = won / len(wins) if wins else None
    mean_loss = lost / len(losses) if losses else None
    decided = len(wins) + len(losses)
    expectancy = None
    if decided:
        rate = Fraction(len(wins), decided)
        expectancy = rate * (mean_win or 0) - (1 - rate) * (mean_loss or 0)
    return Profit(
        gross_profit=float(won),
        gross_loss=float(lost),
        profit_factor=float(won / lost) if lost else None,
        payoff_ratio=float(mean_win / mean_loss) if mean_win is not None and mean_loss is not None else None,
        expectancy=None if expectancy is None else float(expectancy),
        expectancy_ratio=None if expectancy is None or mean_loss is None else float(expectancy / mean_loss),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_they_are_those_of_the_definitions_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        if not pnl.size:
            continue
        found, expected = profit(pnl), brute_force(pnl.tolist())
        for name in Profit.__slots__:
            assert close(getattr(found, name), getattr(expected, name), rel=1e-11, size=1e-13), name


def test_an_empty_group_has_none() -> None:
    assert profit(edge("empty")) == Profit(None, None, None, None, None, None)


def test_without_losses_there_is_nothing_to_compare_with() -> None:
    found = profit(edge("all wins"))
    assert found.gross_loss == 0.0
    assert (found.profit_factor, found.payoff_ratio, found.expectancy_ratio) == (None, None, None)
    assert found.expectancy == pytest.approx(0.645)


def test_without_wins_the_factor_is_truly_zero_and_there_is_no_payoff() -> None:
    found = profit(edge("all equal losses"))
    assert (found.gross_profit, found.profit_factor, found.payoff_ratio) == (0.0, 0.0, None)
    assert found.expectancy == -0.1
    assert found.expectancy_ratio == pytest.approx(-1.0)


def test_zeros_are_neither() -> None:
    assert profit(edge("zeros")) == Profit(0.0, 0.0, None, None, None, None)
    assert profit(float_column([0.0, 3.0, 0.0, -1.0])) == Profit(3.0, 1.0, 3.0, 3.0, 1.0, 1.0)


def test_a_ratio_beyond_all_numbers_is_absent() -> None:
    found = profit(edge("huge wins, tiny losses"))
    assert (found.profit_factor, found.payoff_ratio, found.expectancy_ratio) == (None, None, None)
    assert found.gross_loss == pytest.approx(15e-300, rel=1e-12, abs=0.0)
    assert profit(edge("tiny wins, huge losses")).profit_factor == pytest.approx(1e-315, rel=1e-6, abs=0.0)


@repeatable(100)
@given(PNL_LISTS.filter(bool), st.integers(0, 99))
def test_the_order_does_not_matter(values: list[float], seed: int) -> None:
    found = profit(float_column(values))
    moved = profit(shuffled(float_column(values), seed))
    size = max(map(abs, values))
    assert close(moved.gross_profit, found.gross_profit, rel=1e-12)
    assert close(moved.gross_loss, found.gross_loss, rel=1e-12)
    assert close(moved.profit_factor, found.profit_factor, rel=1e-12)
    assert close(moved.payoff_ratio, found.payoff_ratio, rel=1e-12)
    assert close(moved.expectancy, found.expectancy, rel=1e-12, size=size * 1e-14)


@repeatable(100)
@given(PNL_LISTS.filter(bool), st.floats(1.0, 1e15))
def test_another_win_raises_the_factor(values: list[float], win: float) -> None:
    before, after = profit(float_column(values)), profit(float_column([*values, win]))
    if before.profit_factor is not None and after.profit_factor is not None:
        assert after.profit_factor >= before.profit_factor * (1 - 1e-12)
