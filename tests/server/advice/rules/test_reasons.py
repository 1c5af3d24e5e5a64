"""Reasons: the numbers that were compared, and one plain sentence each."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from regime_figures import analysis_of, any_figures, figures
from repeatable import repeatable

from strategic_memory_server.advice.feedback import Advice
from strategic_memory_server.advice.reinforcement_feedback import NoAdvice, ReinforcementFeedback
from strategic_memory_server.advice.rules import reasons, reference_rules
from strategic_memory_server.advice.rules.reasons import Reason
from strategic_memory_server.advice.rules.rule_table import Comparison
from strategic_memory_server.analysis.analysis import RegimeFigures
from strategic_memory_server.memory.leverage_cap import LeverageCap

ONE_SENTENCE = re.compile(r"[A-Z][^\n]*[^.\s]\.")
OPERATORS = {
    ">": lambda value, threshold: value > threshold,
    ">=": lambda value, threshold: value >= threshold,
    "<": lambda value, threshold: value < threshold,
    "<=": lambda value, threshold: value <= threshold,
    "=": lambda value, threshold: value == threshold,
}


def advise(*regimes: RegimeFigures, cap: float | None = None) -> Advice:
    advice = ReinforcementFeedback().recommend(analysis_of(*regimes, cap=cap))
    assert isinstance(advice, Advice)
    return advice


def by_code(advice: Advice) -> dict[str, Reason]:
    return {reason.code: reason for reason in advice.reasons}


def check_sentence(sentence: str) -> None:
    assert ONE_SENTENCE.fullmatch(sentence), sentence
    assert not re.search(r"\.\s", sentence), f"more than one sentence: {sentence}"
    assert not re.search(r"\b(nan|none(?! of)|inf|null|true|false)\b", sentence, re.IGNORECASE), sentence
    assert "_" not in re.sub(r"max_leverage_hint|leverage_limits", "", sentence), sentence
    assert len(sentence) < 400


def check(reason: Reason) -> None:
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", reason.code)
    check_sentence(reason.sentence)
    for comparison in reason.comparisons:
        value = 0.0 if comparison.value is None else comparison.value
        assert OPERATORS[comparison.operator](value, comparison.threshold) is comparison.holds


@given(st.lists(any_figures(), min_size=1, max_size=3), st.none() | st.floats(0.0, 3.0))
@repeatable(400)
def test_every_reason_is_one_plain_sentence_and_tells_the_truth(
    regimes: list[RegimeFigures], cap: float | None
) -> None:
    best_first = sorted(regimes, key=lambda one: (-one.avg_pnl, -one.sample_count, one.regime))
    advice = advise(*best_first, cap=cap)
    for reason in advice.reasons:
        check(reason)
    codes = [reason.code for reason in advice.reasons]
    assert codes[0] == "PREFERRED_REGIME"
    assert codes[1] in ("POLICY_RULE", "POLICY_DEFAULT")
    assert codes[2] in ("LEVERAGE_RULE", "LEVERAGE_DEFAULT")
    assert codes[3] == "LEVERAGE_SCALED"
    assert set(codes[4:]) <= {"CONFIDENCE_OUT_OF_RANGE", "LEVERAGE_BOUNDED", "LEVERAGE_CAPPED"}
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    "reason",
    [
        reasons.nothing_published(),
        reasons.too_few_entries(0, 3),
        reasons.no_known_regime(7),
        reasons.validity_passed(1_766_296_800_000),
        reasons.validity_passed(-1),
        reasons.validity_passed(253_402_300_799_999),
    ],
)
def test_the_reasons_for_safe_values_are_plain_sentences(reason: Reason) -> None:
    check(reason)
    assert "safe values stand" in reason.sentence


def test_the_time_in_a_passed_validity_is_utc() -> None:
    assert "2025-12-21 06:00:00 UTC" in reasons.validity_passed(1_766_296_800_000).sentence


def test_the_rule_that_matched_is_named_with_the_numbers_compared() -> None:
    advice = advise(figures("BULL", avg_pnl=0.15, wins=7, losses=3, confidence=0.8))
    reason = by_code(advice)["POLICY_RULE"]
    assert reason.sentence == (
        "BALANCED: the rule for BULL matches (win rate 0.7 is above 0.5, avg pnl 0.15 is above 0.1)."
    )
    assert reason.comparisons == (
        Comparison("win_rate", 0.7, ">", 0.6, holds=True),
        Comparison("avg_pnl", 0.15, ">", 0.2, holds=False),
        Comparison("win_rate", 0.7, ">", 0.5, holds=True),
        Comparison("avg_pnl", 0.15, ">", 0.1, holds=True),
    )


def test_without_a_rule_the_reason_says_what_was_compared_in_vain() -> None:
    reason = by_code(advise(figures("RANGE", avg_pnl=0.5, wins=1, losses=3)))["POLICY_DEFAULT"]
    assert reason.sentence == "CONSERVATIVE: no rule for RANGE matches (win rate 0.25 is not above 0.55)."
    assert reason.comparisons == (Comparison("win_rate", 0.25, ">", 0.55, holds=False),)


def test_a_regime_without_any_rule_compares_nothing() -> None:
    reason = by_code(advise(figures("CRASH")))["POLICY_DEFAULT"]
    assert (reason.sentence, reason.comparisons) == ("CONSERVATIVE: no rule for CRASH matches.", ())


def test_a_win_rate_that_is_not_defined_is_said_to_be_so() -> None:
    reason = by_code(advise(figures("RANGE", avg_pnl=0.5)))["POLICY_DEFAULT"]
    assert "win rate not defined is not above 0.55" in reason.sentence


def test_the_preferred_regime_is_compared_with_the_next_best() -> None:
    reason = by_code(advise(figures("BULL", avg_pnl=0.5), figures("BEAR", avg_pnl=-0.25)))["PREFERRED_REGIME"]
    assert "ahead of BEAR with -0.25 over 1" in reason.sentence
    assert reason.comparisons == (Comparison("avg_pnl", 0.5, ">=", -0.25, holds=True),)
    alone = by_code(advise(figures("BULL", avg_pnl=0.5)))["PREFERRED_REGIME"]
    assert alone.sentence.endswith("and is the only known regime.")


def test_the_cap_is_named_with_its_source() -> None:
    reason = by_code(advise(figures("BULL", avg_pnl=0.5, wins=1, confidence=1.0), cap=0.25))["LEVERAGE_CAPPED"]
    assert "max_leverage_hint = 0.25 of risk:leverage_limits" in reason.sentence


@pytest.mark.parametrize(("confidence", "side", "bound"), [(99.0, "above", 2.0), (-9.0, "below", 0.5)])
def test_a_hint_outside_the_bounds_says_on_which_side(confidence: float, side: str, bound: float) -> None:
    reason = by_code(advise(figures("BULL", confidence=confidence)))["LEVERAGE_BOUNDED"]
    assert f" is {side} what the rules allow, so it is {bound:g}." in reason.sentence


@pytest.mark.parametrize(
    ("confidence", "is_told"), [(-0.01, True), (0.0, False), (1.0, False), (1.01, True), (80.0, True)]
)
def test_a_confidence_in_another_unit_is_told(confidence: float, is_told: bool) -> None:
    """The formula holds all the same: 80 % written as 80 gives the highest leverage there is."""
    found = by_code(advise(figures("BULL", confidence=confidence)))
    assert ("CONFIDENCE_OUT_OF_RANGE" in found) == is_told


def test_no_advice_gives_its_reason_the_same_way() -> None:
    for analysis in (analysis_of(sample_count=1), analysis_of(figures("UNKNOWN"), sample_count=9)):
        found = ReinforcementFeedback().recommend(analysis)
        assert isinstance(found, NoAdvice)
        check(found.reason)


def test_each_step_of_the_leverage_follows_from_the_one_before() -> None:
    advice = advise(figures("BULL", avg_pnl=0.5, wins=1, confidence=1.0), cap=1.0)
    sentences = [reason.sentence for reason in advice.reasons if reason.code.startswith("LEVERAGE")]
    assert sentences == [
        "Leverage starts from 1.5: the rule for BULL matches (win rate 1 is above 0.6, avg pnl 0.5 is above 0.2).",
        "Times 1.200 for a mean confidence of 1.000 of the regime detector, that is 1.8.",
        "The limit max_leverage_hint = 1 of risk:leverage_limits lowers the leverage from 1.8.",
    ]
    assert advice.leverage_hint == 1.0
    assert reference_rules.LEVERAGE_BOUNDS == (0.5, 2.0)


def test_a_cap_is_named_with_since_when_it_holds() -> None:
    cap = LeverageCap("exposure:summary", 0.5, 1_700_000_000_000)
    limit = "The limit max_leverage_hint = 0.5 of exposure:summary, in force since 2023-11-14 22:13:20 UTC,"
    assert reasons.leverage_capped(cap, 1.5).sentence == f"{limit} lowers the leverage from 1.5."
    assert limit.replace("The", "the") in reasons.current_leverage_capped("BULL", cap).sentence
