"""Figures by regime and policy: every group is that of its own trades alone."""

from __future__ import annotations

import numpy as np
import pytest
from pnl_samples import SEEDS, random_pnl

from strategic_memory_server.columns.columns import float_column, index_column
from strategic_memory_server.figures.breakdown import Breakdown, breakdown
from strategic_memory_server.figures.drift import recent_drift
from strategic_memory_server.figures.performance import performance

NOW_MS = 1_000_000


@pytest.mark.parametrize("seed", SEEDS)
def test_every_group_is_that_of_its_own_trades(seed: int) -> None:
    pnl = random_pnl(seed, 300)
    random = np.random.default_rng(seed)
    regime, policy = random.integers(0, 4, 300), random.integers(-1, 3, 300)
    times, weights = np.sort(random.integers(0, NOW_MS, 300)), random.uniform(0.1, 1.0, 300)
    found = breakdown(
        pnl, regime, policy, time_ms=times, now_ms=NOW_MS, weights=weights, recent_trades=7, max_regimes=10
    )
    expected = []
    for code in range(4):
        for policy_code in (None, 0, 1, 2):
            chosen = (regime == code) if policy_code is None else (regime == code) & (policy == policy_code)
            figures = performance(pnl[chosen], time_ms=times[chosen], now_ms=NOW_MS, weights=weights[chosen])
            expected.append((code, policy_code, figures, recent_drift(pnl[chosen], 7)))
    assert [(group.regime, group.policy, group.performance, group.drift) for group in found.groups] == expected
    assert found.regimes_left_out == 0


def test_only_groups_that_traded_are_there() -> None:
    found = breakdown(float_column([1.0, 2.0]), index_column([5, 5]), index_column([-1, 2]))
    assert [(group.regime, group.policy, group.performance.trades) for group in found.groups] == [
        (5, None, 2),
        (5, 2, 1),
    ]
    nothing = breakdown(float_column([]), index_column([]), index_column([]))
    assert nothing == Breakdown((), 0)


def test_beyond_the_most_regimes_those_with_the_most_trades_stay() -> None:
    regime = index_column([3, 1, 1, 2, 2, 2, 0])
    found = breakdown(float_column([1.0] * 7), regime, index_column([-1] * 7), max_regimes=3)
    assert [group.regime for group in found.groups] == [0, 1, 2]
    assert found.regimes_left_out == 1


@pytest.mark.parametrize("name", ["regime", "policy"])
def test_a_column_of_another_length_is_refused(name: str) -> None:
    columns = {"regime": index_column([0, 0]), "policy": index_column([0, 0]), name: index_column([0])}
    with pytest.raises(ValueError, match=f"{name} has 1 values where 2 are needed"):
        breakdown(float_column([1.0, 2.0]), columns["regime"], columns["policy"])
