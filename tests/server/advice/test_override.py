"""Overrides applied: never more risk than without force, never above a cap, and undone without a trace."""

from __future__ import annotations

from dataclasses import replace

from advice import NOW_MS, advice, evidence_view
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, RegimeAdvice, Times
from strategic_memory_server.advice.override import (
    all_caps,
    overridden,
    risks_of,
    under_caps,
    with_risks,
    without_override,
)
from strategic_memory_server.memory.leverage_cap import LeverageCap, in_order
from strategic_memory_server.memory.override import OVERRIDE_CAP, Override, Risk
from strategic_memory_server.memory.policy import Policy

HOUR_MS = 3_600_000
LEVERAGES = st.floats(0.0, 2.0)
POLICIES = st.sampled_from(Policy)
CAPS = st.lists(
    st.builds(LeverageCap, st.sampled_from(["risk:leverage_limits", "exposure:summary"]), LEVERAGES),
    max_size=2,
    unique_by=lambda cap: cap.source,
).map(in_order)
OVERRIDES = st.builds(
    Override,
    policy=st.none() | POLICIES,
    leverage=st.none() | LEVERAGES,
    is_forced=st.booleans(),
    reason=st.just("why"),
    set_by=st.just("desk"),
    set_at_ms=st.just(NOW_MS),
    until_ms=st.just(NOW_MS + HOUR_MS),
)


@st.composite
def said_by_rules(draw: st.DrawFn) -> Advice:
    """An advice as the rules give it: within every cap."""
    current = st.builds(RegimeAdvice, st.just("BULL"), POLICIES, st.just(0.5), LEVERAGES, is_probe=st.booleans())
    said = replace(
        advice(leverage_hint=draw(LEVERAGES)),
        updated_policy=draw(POLICIES),
        current=draw(st.none() | current),
        evidence=draw(st.none() | st.builds(evidence_view, leverage_hint=LEVERAGES)),
        leverage_caps=draw(CAPS),
    )
    if said.is_probe and said.current is not None:
        said = replace(said, updated_policy=said.current.policy)
    return with_risks(said, under_caps(risks_of(said), said.leverage_caps))


def parts(said: Advice) -> list[Risk | None]:
    risks = risks_of(said)
    return [risks.preferred, risks.current, risks.evidence]


@given(said_by_rules(), OVERRIDES)
@repeatable(300)
def test_without_force_it_only_ever_lowers_and_binds(rules: Advice, override: Override) -> None:
    said = overridden(rules, replace(override, is_forced=False))
    for before, after in zip(parts(rules), parts(said), strict=True):
        if before is None or after is None:
            assert before is after
            continue
        assert after.policy <= before.policy
        assert after.leverage_hint <= before.leverage_hint
        if override.policy is not None:
            assert after.policy <= override.policy
        if override.leverage is not None:
            assert after.leverage_hint <= override.leverage


@given(said_by_rules(), OVERRIDES)
@repeatable(300)
def test_with_force_it_is_what_was_set_and_within_every_cap(rules: Advice, override: Override) -> None:
    said = overridden(rules, replace(override, is_forced=True))
    lowest = min((cap.value for cap in rules.leverage_caps), default=2.0)
    for before, after in zip(parts(rules)[:2], parts(said)[:2], strict=True):
        if before is None or after is None:
            continue
        assert after.policy is (before.policy if override.policy is None else override.policy)
        assert after.leverage_hint <= lowest
        if override.leverage is not None and not after.is_probe:
            assert after.leverage_hint == min(override.leverage, lowest)
        if after.is_probe:
            assert after.leverage_hint <= before.leverage_hint
    before, after = parts(rules)[2], parts(said)[2]
    if before is not None and after is not None:
        assert (after.policy <= before.policy, after.leverage_hint <= before.leverage_hint) == (True, True)


@given(said_by_rules(), OVERRIDES)
@repeatable(300)
def test_it_is_undone_without_a_trace(rules: Advice, override: Override) -> None:
    said = overridden(rules, override)
    assert said.is_overridden
    assert said.reasons[0].code == "OVERRIDE"
    assert without_override(said) == rules
    assert without_override(rules) == rules


@given(said_by_rules(), OVERRIDES)
@repeatable(300)
def test_safe_values_are_never_raised_and_always_bound(rules: Advice, override: Override) -> None:
    times = Times(NOW_MS, NOW_MS, NOW_MS + 1)
    said = Feedback(overridden(rules, override), FeedbackStatus.ACTIVE, 1, "e1", times).at(NOW_MS + 2)
    assert said.status is FeedbackStatus.STALE
    limits = [1.0, *(cap.value for cap in rules.leverage_caps)]
    limits += [override.leverage] if override.leverage is not None else []
    assert said.advice.updated_policy is Policy.CONSERVATIVE
    assert said.advice.leverage_hint <= min([*limits, rules.leverage_hint])
    if said.advice.current is not None and rules.current is not None:
        assert said.advice.current.leverage_hint <= min([*limits, rules.current.leverage_hint])
    # What it would be without the override is not what was advised before.
    assert without_override(said.advice) == said.advice


def test_what_is_forced_raises_nothing_where_the_safe_values_stand() -> None:
    safe = replace(advice(leverage_hint=1.0), updated_policy=Policy.CONSERVATIVE)
    forced = Override(Policy.AGGRESSIVE, 1.9, True, "why", "desk", NOW_MS, NOW_MS + HOUR_MS)
    said = overridden(safe, forced, may_raise=False)
    assert (said.updated_policy, said.leverage_hint) == (Policy.CONSERVATIVE, 1.0)


def test_its_cap_stands_once_among_the_others_and_says_who_lowered() -> None:
    limit = LeverageCap("risk:leverage_limits", 1.2)
    override = Override(None, 0.5, False, "why", "desk", NOW_MS, NOW_MS + HOUR_MS)
    said = overridden(replace(advice(leverage_hint=1.2), leverage_caps=(limit,)), override)
    assert (said.leverage_hint, said.leverage_bound_by) == (0.5, OVERRIDE_CAP)
    assert said.leverage_caps == (LeverageCap(OVERRIDE_CAP, 0.5, NOW_MS), limit)
    again = replace(override, leverage=1.5)
    assert all_caps(said.leverage_caps, again) == (limit, LeverageCap(OVERRIDE_CAP, 1.5, NOW_MS))
    assert all_caps(said.leverage_caps, None) == (limit,)
    lowered_further = overridden(replace(advice(leverage_hint=1.2), leverage_caps=(limit,)), again)
    assert (lowered_further.leverage_hint, lowered_further.leverage_bound_by) == (1.2, None)
