"""An advice under the drawdown guard: what it multiplies, what it says, and how it goes with everything else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from advice import ANY_GUARD, NOW_MS, advice, any_feedback, evidence_view
from hypothesis import given
from hypothesis import strategies as st

from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, RegimeAdvice, Rules, Times
from strategic_memory_server.advice.guarded_advice import advised_policy, guarded
from strategic_memory_server.advice.held_advice import hold
from strategic_memory_server.advice.hysteresis import HysteresisSettings, Moment
from strategic_memory_server.advice.intervention import Intervention, intervene
from strategic_memory_server.advice.override import overridden, without_override
from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.memory.override import Freeze, Override
from strategic_memory_server.memory.policy import Policy

HALF = GuardReading(0.5, NOW_MS, 90, 2.0, 1.0, 0.1, 0.02)
NOT_YET = GuardReading(1.0, None, 12, 1.0, 1.0, 0.3, 0.2)
LET_GO = GuardReading(1.0, NOW_MS, 90, 1.0, 1.0, 0.1, 0.02)


def whole(hint: float = 1.5) -> Advice:
    now = RegimeAdvice("BULL", Policy.BALANCED, 0.6, hint)
    said = replace(advice(leverage_hint=hint), current=now)
    return replace(said, evidence=replace(evidence_view(), leverage_hint=hint))


def leverages(one: Advice) -> list[float]:
    assert one.current is not None
    assert one.evidence is not None
    return [one.leverage_hint, one.current.leverage_hint, one.evidence.leverage_hint]


def codes(one: Advice) -> list[str]:
    return [reason.code for reason in one.reasons if "GUARD" in reason.code]


def test_every_leverage_of_an_advice_is_multiplied_and_names_the_guard() -> None:
    said = guarded(whole(), HALF)
    assert leverages(said) == [0.75, 0.75, 0.75]
    assert said.current is not None
    assert said.evidence is not None
    bound_by = {said.leverage_bound_by, said.current.leverage_bound_by, said.evidence.leverage_bound_by}
    assert bound_by == {"drawdown_guard"}
    assert said.updated_policy is whole().updated_policy
    (reason,) = [each for each in said.reasons if "GUARD" in each.code]
    assert reason.sentence == (
        "The drawdown guard multiplies the leverage by 0.50 since 2025-12-21 06:00:00 UTC: the newest results that "
        "followed the advice spread 2.00 times as widely as all 90; it moves by more than 0.1 or stays."
    )


def test_at_1_nothing_changes_but_that_it_is_told() -> None:
    capped = whole(0.333333)
    assert leverages(guarded(capped, LET_GO)) == leverages(capped), "a cap is not rounded"
    assert codes(guarded(whole(), LET_GO)) == []
    assert codes(guarded(whole(), NOT_YET)) == ["GUARD_LEARNS"]
    assert "12 results" in guarded(whole(), NOT_YET).reasons[-1].sentence


def test_one_result_that_makes_most_of_it_is_told_of() -> None:
    struck = guarded(whole(), replace(HALF, recent_largest_share=0.93))
    assert "of which one result makes 93%" in struck.reasons[-1].sentence
    blind = guarded(whole(), replace(LET_GO, usual_largest_share=0.9))
    assert codes(blind) == ["GUARD_SEES_LITTLE"]


@given(any_feedback(), ANY_GUARD)
def test_it_never_raises_a_leverage(said: Feedback, reading: GuardReading) -> None:
    before, after = said.advice, guarded(said.advice, reading)
    assert after.leverage_hint <= before.leverage_hint
    assert (after.current is None) == (before.current is None)
    if before.current is not None and after.current is not None:
        assert after.current.leverage_hint <= before.current.leverage_hint
    assert after.guard == reading


def test_a_leverage_that_a_cap_has_lowered_is_multiplied_as_well() -> None:
    capped = replace(whole(0.8), leverage_bound_by="risk:leverage_limits")
    said = guarded(capped, HALF)
    assert (said.leverage_hint, said.leverage_bound_by) == (0.4, "drawdown_guard")


def test_with_hysteresis_it_takes_away_at_once_and_what_it_gives_back_waits() -> None:
    settings, nothing = HysteresisSettings(results=2), dict[str, list[RegimeAdvice]]()

    def held(one: Advice, before: Advice, results: int) -> Advice:
        known = index_column([NOW_MS + number for number in range(results)])
        return hold(one, nothing, before, settings, Moment(NOW_MS, known)).advice

    low = held(guarded(whole(), HALF), whole(), 0)
    assert leverages(low)[:2] == [0.75, 0.75]
    waits = held(guarded(whole(), LET_GO), low, 1)
    assert leverages(waits)[:2] == [0.75, 0.75]
    assert "LEVERAGE_WAITS" in [reason.code for reason in waits.reasons]
    assert leverages(held(guarded(whole(), LET_GO), waits, 3))[:2] == [1.5, 1.5]


def test_another_policy_that_is_held_bears_the_guard_too() -> None:
    calm = RegimeAdvice("BULL", Policy.CONSERVATIVE, 0.5, 0.7)
    by_policy = {"BULL": [calm, replace(calm, policy=Policy.BALANCED), replace(calm, policy=Policy.AGGRESSIVE)]}
    before = replace(advice(leverage_hint=2.0), updated_policy=Policy.CONSERVATIVE)
    bold = replace(guarded(advice(leverage_hint=2.0), HALF), preferred_regime="BULL", updated_policy=Policy.AGGRESSIVE)
    settings = HysteresisSettings(results=2)
    said = hold(bold, by_policy, before, settings, Moment(NOW_MS, index_column([]))).advice
    assert (said.updated_policy, said.leverage_hint, said.leverage_bound_by) == (
        Policy.CONSERVATIVE,
        0.35,
        "drawdown_guard",
    )


def by_hand(leverage: float, *, is_forced: bool) -> Override:
    return Override(None, leverage, is_forced, "why", "desk", NOW_MS, NOW_MS + 60_000)


def test_an_override_bounds_what_the_guard_has_left_and_its_force_does_not_lift_the_guard() -> None:
    said = guarded(whole(), HALF)
    assert leverages(overridden(said, by_hand(0.8, is_forced=False))) == [0.75, 0.75, 0.75]
    assert leverages(overridden(said, by_hand(0.6, is_forced=False))) == [0.6, 0.6, 0.6]
    forced = overridden(said, by_hand(1.8, is_forced=True))
    assert leverages(forced) == [0.9, 0.9, 0.75]
    assert forced.leverage_bound_by == "drawdown_guard"
    assert without_override(forced) == said


@pytest.mark.parametrize(("then", "expected"), [(HALF, 0.75), (LET_GO, 0.75), (None, 0.75)])
def test_what_an_operator_holds_is_lowered_as_well_and_is_not_raised_once_the_guard_lets_go(
    then: GuardReading | None, expected: float
) -> None:
    freeze = Freeze(3, "e1", "why", "desk", NOW_MS, NOW_MS + 60_000)
    held = guarded(whole(), HALF)
    assert intervene(whole(), Intervention(1, None, freeze, held), (), then).leverage_hint == expected
    loose = guarded(whole(), NOT_YET)
    lowered = intervene(whole(), Intervention(1, None, freeze, loose), (), HALF)
    assert (lowered.leverage_hint, codes(lowered)) == (0.75, ["LEVERAGE_GUARDED"])


def test_the_safe_values_are_never_above_what_the_guard_has_left() -> None:
    said = Feedback(guarded(whole(), HALF), FeedbackStatus.ACTIVE, times=Times(valid_until_ms=NOW_MS)).at(NOW_MS + 1)
    assert leverages(said.advice) == [0.75, 0.75, 0.75]
    assert said.advice.guard == HALF


@given(st.lists(st.floats(0.5, 1.0), min_size=2, max_size=8))
def test_one_reading_after_another_is_the_lowest_of_them(found: list[float]) -> None:
    said = whole(2.0)
    for factor in found:
        said = guarded(said, replace(HALF, factor=factor))
    assert said.leverage_hint <= 2.0 * found[0] + 0.01
    hints = [guarded(whole(2.0), replace(HALF, factor=factor)).leverage_hint for factor in sorted(found)]
    assert all(one <= other for one, other in pairwise(hints))


def test_the_policy_that_counts_as_advised_is_the_one_that_a_replay_judges_the_rules_by() -> None:
    now = RegimeAdvice("BULL", Policy.AGGRESSIVE, 0.6, 1.0)
    said = replace(advice(), updated_policy=Policy.BALANCED, current=now)
    assert advised_policy(said) is Policy.BALANCED
    assert advised_policy(replace(said, rules=Rules.EVIDENCE)) is Policy.AGGRESSIVE
    assert advised_policy(replace(said, rules=Rules.EVIDENCE, current=None)) is Policy.BALANCED


def test_a_cap_comes_after_it() -> None:
    caps = (LeverageCap("risk:leverage_limits", 0.6),)
    freeze = Freeze(3, "e1", "why", "desk", NOW_MS, NOW_MS + 60_000)
    said = intervene(whole(), Intervention(1, None, freeze, guarded(whole(), HALF)), caps, HALF)
    assert (said.leverage_hint, said.leverage_bound_by) == (0.6, "risk:leverage_limits")
