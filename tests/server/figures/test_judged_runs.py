"""Runs that statements are judged by, against a walk over all trades."""

from __future__ import annotations

from random import Random

import numpy as np
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.columns.columns import float_column, index_column
from strategic_memory_server.figures.calibration import calibration
from strategic_memory_server.figures.judged_runs import RUN_TRADES, judged_by_runs, run_starts


def starts_by_walk(groups: list[int], said: list[bool]) -> list[int]:
    starts, place = [], 0
    while place < len(groups):
        run = groups[place : place + RUN_TRADES]
        if said[place] and len(run) == RUN_TRADES and set(run) == {groups[place]}:
            starts.append(place)
            place += RUN_TRADES
        else:
            place += 1
    return starts


@repeatable(150)
@given(st.lists(st.tuples(st.integers(1, 70), st.sampled_from([0.0, 0.05, 0.3, 1.0])), max_size=6), st.randoms())
def test_runs_are_those_of_the_walk(groups: list[tuple[int, float]], random: Random) -> None:
    codes = [code for code, (length, _) in enumerate(groups) for _ in range(length)]
    said = [random.random() < groups[code][1] for code in codes]
    found = run_starts(index_column(codes), np.array(said, dtype=np.bool_)).tolist()
    assert found == starts_by_walk(codes, said)


@each_case(
    ("trades", "said_before", "starts"),
    [
        (RUN_TRADES, [0], [0]),
        (RUN_TRADES - 1, [0], []),
        (RUN_TRADES + 5, [5], [5]),
        (RUN_TRADES + 5, [6], []),
        (2 * RUN_TRADES, list(range(2 * RUN_TRADES)), [0, RUN_TRADES]),
        (2 * RUN_TRADES, [1, 2, RUN_TRADES], [1]),
        (3 * RUN_TRADES, [1, 2, RUN_TRADES + 1], [1, RUN_TRADES + 1]),
        (0, [], []),
    ],
)
def test_a_run_begins_after_a_statement_and_shares_no_trade(
    trades: int, said_before: list[int], starts: list[int]
) -> None:
    said = np.isin(np.arange(trades), said_before)
    assert run_starts(index_column([7] * trades), said).tolist() == starts


def test_a_run_stays_within_its_group() -> None:
    groups = [1] * 30 + [2] * 25
    assert run_starts(index_column(groups), np.ones(55, dtype=np.bool_)).tolist() == [0, 30]


def test_runs_are_judged_by_what_they_earned_together() -> None:
    won = [-1.0] * 19 + [19.5]
    lost = [1.0] * 19 + [-19.5]
    even = [1.0] * 10 + [-1.0] * 10
    pnl = float_column([5.0, *won, *lost, *even])
    starts = index_column([1, 21, 41])
    found = judged_by_runs(float_column([0.9, 0.6, 0.7]), starts, pnl)
    assert found == calibration(float_column([0.9, 0.6]), float_column([1.0, 0.0]))


def test_a_run_that_is_even_but_for_rounding_judges_nothing() -> None:
    random = Random(1)
    runs = [[0.1] * 10 + [-0.1] * 10 for _ in range(50)]
    for run in runs:
        random.shuffle(run)
    pnl = float_column([each for run in runs for each in run])
    assert np.any(pnl.reshape(50, RUN_TRADES).sum(axis=1)), "added up, they leave something"
    assert judged_by_runs(np.full(50, 0.9), 20 * np.arange(50), pnl).statements == 0


def test_without_runs_nothing_is_judged() -> None:
    empty = float_column([])
    assert judged_by_runs(empty, index_column([]), float_column([1.0])) == calibration(empty, empty)
