"""Trades around revisions against a walk over all of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import PNL, assert_no_nan, close
from repeatable import repeatable

from strategic_memory_server.columns.columns import float_column, index_column
from strategic_memory_server.figures.after_revisions import AfterRevision, after_revisions
from strategic_memory_server.figures.mean_pnl import mean_pnl


def mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


@repeatable(120)
@given(st.lists(st.tuples(PNL, st.integers(0, 30)), max_size=40), st.lists(st.integers(-1, 31), max_size=8))
def test_it_is_that_of_the_walk(rows: list[tuple[float, int]], revised: list[int]) -> None:
    rows.sort(key=lambda row: row[1])
    revised.sort()
    found = after_revisions(
        index_column(revised), float_column([pnl for pnl, _ in rows]), index_column([time for _, time in rows])
    )
    assert_no_nan(found)
    assert len(found.revisions) == len(revised)
    size = 1e-13 * max((abs(pnl) for pnl, _ in rows), default=0.0)
    for index, (time, one) in enumerate(zip(revised, found.revisions, strict=True)):
        start = revised[index - 1] if index else -math.inf
        end = revised[index + 1] if index + 1 < len(revised) else math.inf
        before = [pnl for pnl, at in rows if start < at <= time]
        after = [pnl for pnl, at in rows if time < at <= end]
        assert (one.trades_before, one.trades_after) == (len(before), len(after))
        assert close(one.mean_before, mean(before), size=size)
        assert close(one.mean_after, mean(after), size=size)
        assert (one.change is None) == (not before or not after)
        if one.mean_before is not None and one.mean_after is not None:
            assert one.change == one.mean_after - one.mean_before


def test_a_trade_at_the_time_of_a_revision_came_before_it() -> None:
    found = after_revisions(index_column([10]), float_column([1.0, 3.0, 8.0]), index_column([5, 10, 11]))
    assert found.revisions == (AfterRevision(2, 2.0, 1, 8.0, 6.0),)
    assert found.change == mean_pnl(float_column([6.0]))


def test_the_changes_are_averaged_over_the_revisions_that_have_one() -> None:
    found = after_revisions(index_column([0, 2, 4, 4]), float_column([1.0, 1.0, 2.0, 5.0]), index_column([1, 2, 3, 5]))
    assert [one.change for one in found.revisions] == [None, 1.0, None, None]
    assert found.change.mean == 1.0
    assert [one.trades_after for one in found.revisions] == [2, 1, 0, 1]


def test_without_revisions_or_trades_nothing_is_claimed() -> None:
    empty, trades = float_column([]), float_column([1.0])
    assert after_revisions(index_column([]), trades, index_column([1])).revisions == ()
    found = after_revisions(index_column([1, 2]), empty, index_column([]))
    assert found.revisions == (AfterRevision(0, None, 0, None, None),) * 2
    assert found.change == mean_pnl(empty)


def test_revisions_that_go_back_in_time_are_refused() -> None:
    with pytest.raises(ValueError, match=r"revision_ms\[1\] is 1; it is earlier than the one before"):
        after_revisions(index_column([2, 1]), float_column([]), index_column([]))
