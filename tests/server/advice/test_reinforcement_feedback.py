"""Both tables of contract 2 row by row, and when there is no advice."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from each_case import each_case
from regime_figures import analysis_of, caps, figures

from strategic_memory_server.advice.feedback import Advice
from strategic_memory_server.advice.reinforcement_feedback import NoAdvice, ReinforcementFeedback
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.advice.rules.rule_table import Row
from strategic_memory_server.analysis.analysis import Analysis
from strategic_memory_server.memory.policy import Policy

ABOVE_01 = math.nextafter(0.1, 1)
ABOVE_02 = math.nextafter(0.2, 1)
BELOW_01 = math.nextafter(0.1, 0)
BELOW_02 = math.nextafter(0.2, 0)
MILLION = 1_000_000
"""Wins out of a million: a win rate to 1e-6."""


def advise(analysis: Analysis, minimum_samples: int = 3) -> Advice:
    advice = ReinforcementFeedback(minimum_samples).recommend(analysis)
    assert isinstance(advice, Advice)
    return advice


def advise_on(regime: str, wins: int, avg_pnl: float, confidence: float | None = 0.5) -> Advice:
    return advise(
        analysis_of(figures(regime, avg_pnl=avg_pnl, wins=wins, losses=MILLION - wins, confidence=confidence))
    )


@each_case(
    ("regime", "wins", "avg_pnl", "policy"),
    [
        ("BULL", 600_001, ABOVE_02, Policy.AGGRESSIVE),
        ("BULL", 1_000_000, 5.0, Policy.AGGRESSIVE),
        ("BULL", 600_000, ABOVE_02, Policy.BALANCED),
        ("BULL", 599_999, ABOVE_02, Policy.BALANCED),
        ("BULL", 600_001, 0.2, Policy.BALANCED),
        ("BULL", 600_001, BELOW_02, Policy.BALANCED),
        ("BULL", 500_001, ABOVE_01, Policy.BALANCED),
        ("BULL", 500_000, ABOVE_01, Policy.CONSERVATIVE),
        ("BULL", 499_999, ABOVE_01, Policy.CONSERVATIVE),
        ("BULL", 500_001, 0.1, Policy.CONSERVATIVE),
        ("BULL", 500_001, BELOW_01, Policy.CONSERVATIVE),
        ("BULL", 1_000_000, -5.0, Policy.CONSERVATIVE),
        ("RANGE", 550_001, 5.0, Policy.BALANCED),
        ("RANGE", 550_001, -5.0, Policy.BALANCED),
        ("RANGE", 550_000, 5.0, Policy.CONSERVATIVE),
        ("RANGE", 549_999, 5.0, Policy.CONSERVATIVE),
        ("BEAR", 1_000_000, 5.0, Policy.CONSERVATIVE),
        ("VOLATILE", 1_000_000, 5.0, Policy.CONSERVATIVE),
        ("UNCERTAIN", 1_000_000, 5.0, Policy.CONSERVATIVE),
        ("CRASH", 1_000_000, 5.0, Policy.CONSERVATIVE),
    ],
)
def test_policy_table(regime: str, wins: int, avg_pnl: float, policy: Policy) -> None:
    assert advise_on(regime, wins, avg_pnl).updated_policy is policy


@each_case(
    ("regime", "wins", "avg_pnl", "base"),
    [
        ("BULL", 600_001, ABOVE_02, 1.5),
        ("BULL", 600_000, ABOVE_02, 1.2),
        ("BULL", 600_001, 0.2, 1.2),
        ("BULL", 600_001, BELOW_02, 1.2),
        ("BULL", 500_001, -5.0, 1.2),
        ("BULL", 500_000, 5.0, 1.0),
        ("BULL", 499_999, 5.0, 1.0),
        ("RANGE", 550_001, -5.0, 1.0),
        ("RANGE", 550_000, 5.0, 1.0),
        ("RANGE", 0, -5.0, 1.0),
        ("BEAR", 1_000_000, 5.0, 0.7),
        ("VOLATILE", 1_000_000, 5.0, 0.7),
        ("UNCERTAIN", 0, -5.0, 0.7),
        ("CRASH", 1_000_000, 5.0, 1.0),
    ],
)
def test_leverage_table(regime: str, wins: int, avg_pnl: float, base: float) -> None:
    """With a confidence of 0.5 the factor is 1, so the hint is the base."""
    advice = advise_on(regime, wins, avg_pnl)
    assert advice.leverage_hint == base
    assert advice.reasons[2].sentence.startswith(f"Leverage starts from {base:g}: ")


def test_a_win_rate_that_is_not_defined_is_compared_as_zero() -> None:
    advice = advise(analysis_of(figures("RANGE", avg_pnl=1.0)))
    assert advice.updated_policy is Policy.CONSERVATIVE
    (comparison,) = advice.reasons[1].comparisons
    assert (comparison.value, comparison.threshold, comparison.holds) == (None, 0.55, False)
    below_zero = ReinforcementFeedback(policy_table=(Row(Policy.BALANCED, avg_pnl_above=-1.0),))
    advised = below_zero.recommend(analysis_of(figures("RANGE", avg_pnl=0.0)))
    assert isinstance(advised, Advice)
    assert advised.updated_policy is Policy.BALANCED


def test_the_advice_carries_the_figures_of_the_best_known_regime() -> None:
    best = figures("BULL", avg_pnl=0.5, wins=3, losses=1, sample_count=8, best_policy=Policy.BALANCED)
    advice = advise(analysis_of(figures("UNKNOWN", avg_pnl=9.0), best, figures("BEAR", avg_pnl=-1.0)))
    assert advice.preferred_regime == "BULL"
    assert advice.current_regime == "UNKNOWN"
    assert advice.best_policy is Policy.BALANCED
    assert advice.version == reference_rules.VERSION == "1.0.0"
    performance = advice.regime_performance
    assert performance is not None
    assert (performance.avg_pnl, performance.sample_count, performance.wins, performance.losses) == (0.5, 8, 3, 1)
    assert performance.win_rate == 0.75


@each_case(("limit", "exposure", "source"), [(0.3, 0.6, "risk:leverage_limits"), (0.6, 0.3, "exposure:summary")])
def test_caps_bind_what_is_recommended(limit: float, exposure: float, source: str) -> None:
    analysis = replace(analysis_of(figures("BULL", avg_pnl=0.5, wins=3)), leverage_caps=caps(limit, exposure))
    advice = advise(analysis)
    assert (advice.leverage_hint, advice.leverage_bound_by) == (0.3, source)
    assert advice.leverage_caps == analysis.leverage_caps


def test_too_few_entries_give_no_advice() -> None:
    regimes = [figures("BULL", avg_pnl=0.5, sample_count=2)]
    found = ReinforcementFeedback().recommend(analysis_of(*regimes, sample_count=2))
    assert isinstance(found, NoAdvice)
    assert found.reason.code == "TOO_FEW_ENTRIES"
    assert found.current_regime == "BULL"
    (comparison,) = found.reason.comparisons
    assert (comparison.value, comparison.operator, comparison.threshold, comparison.holds) == (2, ">=", 3, False)
    assert isinstance(ReinforcementFeedback().recommend(analysis_of(*regimes, sample_count=3)), Advice)
    assert isinstance(ReinforcementFeedback(1).recommend(analysis_of(*regimes, sample_count=1)), Advice)
    assert isinstance(ReinforcementFeedback(4).recommend(analysis_of(*regimes, sample_count=3)), NoAdvice)


@pytest.mark.parametrize("regimes", [(), (figures("UNKNOWN", avg_pnl=5.0, wins=9),)])
def test_without_a_known_regime_there_is_no_advice(regimes: tuple[()]) -> None:
    found = ReinforcementFeedback().recommend(analysis_of(*regimes, sample_count=9))
    assert isinstance(found, NoAdvice)
    assert found.reason.code == "NO_KNOWN_REGIME"


def test_the_first_row_that_matches_wins() -> None:
    table = (
        Row(Policy.BALANCED, regimes=("BEAR", "BULL"), win_rate_above=0.9),
        Row(Policy.AGGRESSIVE),
        Row(Policy.CONSERVATIVE),
    )
    advice = ReinforcementFeedback(policy_table=table).recommend(analysis_of(figures("BULL", wins=1, losses=1)))
    assert isinstance(advice, Advice)
    assert advice.updated_policy is Policy.AGGRESSIVE


def test_equal_analyses_give_equal_advice() -> None:
    analysis = analysis_of(figures("BULL", avg_pnl=0.3, wins=7, losses=3, confidence=0.8), cap=1.1)
    assert advise(analysis) == advise(analysis)
    assert repr(advise(analysis)) == repr(advise(analysis))
