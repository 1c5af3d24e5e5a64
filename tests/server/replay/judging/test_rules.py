"""Comparing rules: what each would have earned, and when a difference is said to be shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from replay_files import random_rows, write_csv

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.figures import block_bootstrap
from strategic_memory_server.figures.autocorrelation import autocorrelation
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.courses.rules import FIXED, Rule
from strategic_memory_server.replay.judging.compared import best_fixed
from strategic_memory_server.replay.judging.differences import FEWEST_TRADES, difference, differences
from strategic_memory_server.replay.judging.options import ReplayOptions
from strategic_memory_server.replay.judging.replayed import Replayed, replay
from strategic_memory_server.waiting.checkpoint import go_on


def replayed(folder: Path, rules: tuple[Rule, ...] = tuple(Rule), seed: int = 1) -> Replayed:
    path = write_csv(folder / "record.csv", random_rows(seed, 400))
    advice = AdviceSettings(hysteresis=HysteresisSettings(results=2))
    return replay(ReplayOptions(files=(path,), rules=rules, advice=advice), lambda _stage, _share: None)


def test_each_rule_earns_the_pnl_of_the_policy_it_chose(tmp_path: Path) -> None:
    compared = replayed(tmp_path).compared
    pnl = compared.policy_pnl.tolist()
    assert len(pnl) > 50
    assert compared.rules == tuple(Rule)
    for rule in compared.rules:
        made = compared.trades(rule)
        chosen = zip(pnl, made.policy.tolist(), compared.size(rule).tolist(), strict=True)
        assert made.pnl.tolist() == [row[policy] * size for row, policy, size in chosen]
        if rule in FIXED:
            assert set(made.policy.tolist()) == {FIXED[rule]}


def test_the_oracle_takes_in_each_regime_what_earned_most_there(tmp_path: Path) -> None:
    compared = replayed(tmp_path).compared
    pnl, oracle = compared.policy_pnl, compared.trades(Rule.ORACLE)
    regimes = set(oracle.regime.tolist())
    assert len(regimes) > 2
    for regime in regimes:
        within = oracle.regime == regime
        means = [sum(row[policy] for row in pnl[within].tolist()) / within.sum() for policy in Policy]
        assert set(oracle.policy[within].tolist()) == {means.index(max(means))}
    totals = {rule: float(compared.trades(rule).pnl.sum()) for rule in compared.rules}
    assert all(totals[Rule.ORACLE] >= totals[rule] for rule in FIXED)


def test_the_best_fixed_policy_is_one_of_those_compared(tmp_path: Path) -> None:
    compared = replayed(tmp_path).compared
    means = compared.policy_pnl.mean(axis=0).tolist()
    assert compared.mean_pnl.tolist() == pytest.approx(means, rel=1e-12)
    best = best_fixed(compared.mean_pnl, compared.rules)
    assert best is not None
    assert FIXED[best] == means.index(max(means))
    others = [rule for rule in FIXED if rule is not best]
    assert best_fixed(compared.mean_pnl, others) in others
    assert best_fixed(compared.mean_pnl, [Rule.REFERENCE]) is None


def test_only_the_rules_asked_for_are_compared(tmp_path: Path) -> None:
    found = replayed(tmp_path, (Rule.REFERENCE, Rule.BALANCED))
    assert found.compared.rules == (Rule.REFERENCE, Rule.BALANCED)
    assert list(found.courses) == [Rule.REFERENCE]
    pairs = differences(found.compared, Rule.BALANCED, go_on)
    assert [(each.rule, each.against) for each in pairs] == [
        ("balanced", "reference"),
        ("reference", "balanced"),
    ]


def test_the_interval_of_a_difference_is_that_of_the_block_bootstrap() -> None:
    source = np.random.default_rng(7)
    apart = np.convolve(source.normal(0.1, 1.0, 503), np.ones(4) / 4, mode="valid")
    other = source.normal(size=apart.size)
    found = difference("one", "other", other + apart, other)
    lag_one = autocorrelation(other + apart - other).lag_one
    assert lag_one is not None
    length = block_bootstrap.block_length(apart.size, lag_one)
    assert length > 1
    assert found.block_trades == length
    assert found.interval == block_bootstrap.mean_interval(other + apart - other, length)
    assert found == difference("one", "other", other + apart, other)


@pytest.mark.parametrize(
    ("mean", "statement"),
    [
        (1.0, "earned more: the interval lies above 0"),
        (-1.0, "earned less: the interval lies below 0"),
        (0.0, "no difference shown: the interval holds 0"),
    ],
)
def test_a_difference_is_shown_only_when_its_interval_leaves_out_0(mean: float, statement: str) -> None:
    apart = np.random.default_rng(3).normal(size=200)
    apart += mean - apart.mean()
    found = difference("one", "other", apart, np.zeros(200))
    assert found.interval is not None
    assert found.shown is not (found.interval.low <= 0.0 <= found.interval.high)
    assert found.shown is (mean != 0.0)
    assert found.statement == statement


def test_rounding_is_no_difference() -> None:
    earned = np.where(np.arange(60) % 2, 0.3, 0.1 + 0.2)
    found = difference("one", "other", earned, np.full(60, 0.3))
    assert (found.mean, found.shown, found.statement) == (0.0, False, "no difference: the same pnl throughout")


@pytest.mark.parametrize(
    ("apart", "statement"),
    [
        (np.zeros(100), "no difference: the same pnl"),
        (np.ones(100), "no difference shown"),
        (np.arange(FEWEST_TRADES - 1) + 1.0, "no difference shown: 19 trades are too few"),
        (np.ones(1), "no difference shown: 1 trades are too few"),
        (np.repeat((0.0, 1.0), (396, 4)), "no difference shown: 4 trades at which they differ are too few"),
        (1.0 * (np.arange(400) % 22 == 21), "no difference shown: 18 trades at which they differ are too few"),
    ],
)
def test_where_there_is_no_interval_no_difference_is_shown(
    apart: np.ndarray[tuple[int], np.dtype[np.float64]], statement: str
) -> None:
    found = difference("one", "other", apart, np.zeros(apart.size))
    assert found.statement.startswith(statement)
    assert (found.shown, found.interval) == (False, None)
