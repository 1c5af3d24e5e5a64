"""The drawdown guard by itself: its factor against an oracle, and what holds of it whatever the results are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategic_memory_server.advice.drawdown_guard import (
    FREE,
    KEPT,
    LOWEST,
    NO_TRADES,
    STEP,
    ClosedTrades,
    GuardState,
    SaidPolicy,
    joined_trades,
)
from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.columns.stream_position import position_column, positions_of_ids
from strategic_memory_server.entries.counted_ids import NOTHING_COUNTED
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.guard_text import exact_guard, guard_text

SAID = GuardState().saying(Policy.BALANCED, 0)
PNL = st.floats(-1e15, 1e15).filter(lambda each: each == 0.0 or abs(each) > 1e-100)
FOLLOWED = st.lists(PNL, max_size=150)


def closed(pnl: Sequence[float], opened_ms: int = 1, policy: Policy = Policy.BALANCED) -> ClosedTrades:
    size = len(pnl)
    opened, policies, results = index_column([opened_ms] * size), index_column([policy] * size), np.array(pnl, float)
    return ClosedTrades(opened, policies, results, position_column([b"1"] * size))


def states(pnl: Sequence[float], start: GuardState = SAID) -> list[GuardState]:
    """The guard before any of the results, and after each of them."""
    found = [start]
    for number, each in enumerate(pnl, 1):
        found.append(found[-1].after(closed([each]), number))
    return found


def factors(pnl: Sequence[float]) -> list[float]:
    return [state.factor for state in states(pnl)]


def oracle(pnl: Sequence[float]) -> list[float]:
    """The factor after each result, worked out anew from all of them."""
    held, found = 1.0, []
    for end in range(len(pnl) + 1):
        squares = np.square(np.array(pnl[:end]))
        asked = 1.0
        if end > 60:
            weights = 0.5 ** (np.arange(end)[::-1] / 40)
            usual, recent = squares.mean(), (weights * squares).sum() / weights.sum()
            asked = min(max(math.sqrt(usual / recent), 0.5), 1.0)
        if abs(asked - held) > 0.1:
            held = asked
        found.append(held)
    return found


def moving(seed: int, size: int = 400) -> list[float]:
    random = np.random.default_rng(seed)
    calm = np.where(np.arange(size) // 90 % 2, 3.0, 1.0)
    found: list[float] = (random.standard_normal(size) * calm).tolist()
    return found


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_formula(seed: int) -> None:
    pnl = moving(seed)
    np.testing.assert_allclose(factors(pnl), oracle(pnl), rtol=1e-9)
    assert min(factors(pnl)) < 0.9


@given(FOLLOWED)
def test_it_never_leaves_its_bounds_and_moves_by_steps_alone(pnl: list[float]) -> None:
    found = factors(pnl)
    assert all(LOWEST <= each <= 1.0 for each in found)
    assert set(found[: FREE + 1]) == {1.0}
    assert all(one == other or abs(one - other) > STEP for one, other in pairwise(found))


@given(FOLLOWED, FOLLOWED, st.integers(0, 60))
def test_what_comes_later_changes_nothing_earlier_and_pages_of_any_length_give_the_same(
    pnl: list[float], later: list[float], cut: int
) -> None:
    assert factors([*pnl, *later])[: len(pnl) + 1] == factors(pnl)
    at_once = SAID.after(closed(pnl), 1)
    in_two = SAID.after(closed(pnl[:cut]), 1).after(closed(pnl[cut:]), 1)
    assert at_once == in_two
    assert at_once == SAID.after(joined_trades([NO_TRADES, closed(pnl[:cut]), closed(pnl[cut:])]), 1)


def test_what_was_read_before_counts_once_and_what_came_between_counts() -> None:
    def page(first: int, last: int) -> ClosedTrades:
        """Trades of which each has the id that it was opened at."""
        at = positions_of_ids([b"%d-0" % each for each in range(first, last)])
        read = NOTHING_COUNTED.read_on(f"{first}-0", f"{first}-0", f"{last - 1}-0")
        return replace(closed([1.0] * (last - first)), positions=at, read=read)

    once = SAID.after(page(10, 20), 1).after(page(30, 40), 2)
    assert (once.results, once.after(page(10, 20), 3)) == (20, once)
    assert exact_guard(guard_text(once).encode()).after(page(15, 35), 3).results == 30
    assert once.after(joined_trades([page(15, 20), page(20, 30)]), 3).results == 30
    assert once.after(joined_trades([page(15, 20), page(20, 30)], 4), 3).results == 24, "the newest four"


@given(st.lists(st.floats(-100.0, 100.0).filter(lambda each: each == 0.0 or abs(each) > 1e-3), max_size=150))
def test_the_unit_of_pnl_does_not_matter(pnl: list[float]) -> None:
    assert factors([each * 1024.0 for each in pnl]) == factors(pnl)
    assert factors([-each for each in pnl]) == factors(pnl)


def test_results_that_are_no_numbers_or_could_not_be_summed_are_left_out() -> None:
    pnl = moving(1, 100)
    wild = [*pnl[:50], math.nan, math.inf, -math.inf, 1e300, *pnl[50:]]
    assert SAID.after(closed(wild), 7) == SAID.after(closed(pnl), 7)


def test_nothing_earned_or_lost_is_no_spread() -> None:
    assert factors([0.0] * 100) == [1.0] * 101
    assert factors([*[1.0] * 100, *[0.0] * 200])[-1] == 1.0


def test_one_huge_result_lets_go_and_is_told_of_as_long_as_it_counts() -> None:
    after = states([*[1.0, -1.0] * 500, 1e6, *[1.0, -1.0] * 500])
    struck = after[1001]
    assert (struck.factor, struck.since_ms) == (LOWEST, 1001)
    assert struck.reading().recent_largest_share == pytest.approx(1.0)
    assert next(number for number, state in enumerate(after[1001:]) if state.factor > 0.85) < 250
    last = after[-1].reading()
    assert last.usual_largest_share == pytest.approx(1.0), "it is what the guard takes for usual now"
    assert last.recent_largest_share == pytest.approx(1.0, abs=0.1)


def test_since_when_is_the_last_move() -> None:
    after = states([*[1.0] * 300, *[3.0] * 40])
    moves = [(state.since_ms, state.factor) for before, state in pairwise(after) if state.factor != before.factor]
    assert len(moves) > 1
    assert (after[-1].since_ms, after[-1].factor) == moves[-1]
    assert after[300].since_ms is None


def test_a_trade_is_followed_where_its_policy_was_said_strictly_before_its_opening() -> None:
    said = GuardState().saying(Policy.BALANCED, 10).saying(Policy.AGGRESSIVE, 20)

    def counts(opened_ms: int, policy: Policy) -> bool:
        return said.after(closed([1.0], opened_ms, policy), 100).results == 1

    assert [counts(opened, Policy.BALANCED) for opened in (9, 10, 11, 20, 21)] == [False, False, True, True, False]
    assert [counts(opened, Policy.AGGRESSIVE) for opened in (9, 10, 11, 20, 21)] == [False, False, False, False, True]
    without = ClosedTrades(index_column([15, 5]), index_column([-1, -1]), np.ones(2))
    assert said.after(without, 100).results == 0, "a trade without a policy has followed none"


def test_what_is_said_later_changes_nothing_of_a_trade_that_was_open() -> None:
    before = GuardState().saying(Policy.BALANCED, 10)
    later = before.saying(Policy.CONSERVATIVE, 20)
    trade = closed([1.0], 15)
    assert before.after(trade, 30).results == later.after(trade, 30).results == 1


def test_the_same_policy_again_is_no_change_and_a_clock_that_goes_back_keeps_the_order() -> None:
    once = GuardState().saying(Policy.BALANCED, 50)
    assert once.saying(Policy.BALANCED, 60) is once
    assert once.saying(Policy.AGGRESSIVE, 40).said == (
        SaidPolicy(50, Policy.BALANCED),
        SaidPolicy(50, Policy.AGGRESSIVE),
    )


def test_the_newest_changes_alone_are_kept_and_a_trade_from_before_them_counts_as_not_followed() -> None:
    state = GuardState()
    for number in range(KEPT + 10):
        state = state.saying(Policy(number % 2), number)
    assert (len(state.said), state.said[0].since_ms) == (KEPT, 10)
    assert state.after(closed([1.0], 5, Policy(0)), 100).results == 0
    assert state.after(closed([1.0], KEPT + 10, Policy((KEPT + 9) % 2)), 100).results == 1
