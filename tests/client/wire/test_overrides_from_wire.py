"""The hand of an operator as the client reads it, from servers that know it and from those that do not."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from strategic_memory.v1 import admin_pb2, feedback_pb2
from strategic_memory_client import FeedbackStatus, InterventionPart, InvalidRequestError, Policy
from strategic_memory_client.wire import admin_calls
from strategic_memory_client.wire.from_wire import feedback_from_wire


def overridden(**override: object) -> feedback_pb2.Feedback:
    caps = [feedback_pb2.LeverageCap(source="override", value=0.25)] if "leverage" in override else []
    return feedback_pb2.Feedback(
        status=feedback_pb2.FEEDBACK_STATUS_ACTIVE,
        revision=7,
        epoch="e1",
        updated_policy=feedback_pb2.POLICY_BALANCED,
        leverage_hint=0.25 if caps else 1.5,
        leverage_caps=caps,
        current=feedback_pb2.RegimeAdvice(policy=feedback_pb2.POLICY_BALANCED, leverage_hint=0.25 if caps else 1.5),
        override=feedback_pb2.Override(**override),  # type: ignore[arg-type]  # by name
    )


def test_it_is_read_whole() -> None:
    feedback = feedback_from_wire(overridden(leverage=0.25, reason="why", set_by="desk", rules_leverage_hint=1.7))
    override = feedback.override
    assert override is not None
    assert (override.policy, override.leverage, override.is_forced) == (None, 0.25, False)
    assert (override.reason, override.set_by, override.until) == ("why", "desk", None)
    assert (override.rules_policy, override.rules_leverage_hint) == (None, 1.7)
    assert feedback.is_overridden


def test_a_client_that_does_not_know_it_is_bound_by_its_cap_all_the_same() -> None:
    wire = overridden(leverage=0.25)
    wire.ClearField("override")
    feedback = feedback_from_wire(wire)
    assert not feedback.is_overridden
    assert (feedback.leverage_hint, feedback.as_stale().leverage_hint) == (0.25, 0.25)


@pytest.mark.parametrize(("rules", "safe"), [(0.7, 0.7), (1.7, 1.0), (math.nan, 1.0), (-1.0, 1.0)])
def test_what_is_forced_raises_no_safe_values(rules: float, safe: float) -> None:
    wire = overridden(is_forced=True, rules_leverage_hint=rules, rules_current_leverage_hint=rules)
    stale = feedback_from_wire(wire).as_stale()
    assert stale.current is not None
    assert (stale.leverage_hint, stale.current.leverage_hint) == (safe, safe)
    assert stale.status is FeedbackStatus.STALE


def test_a_policy_of_a_later_version_is_not_known() -> None:
    override = feedback_from_wire(overridden(policy=9)).override
    assert override is not None
    assert override.policy is None


def test_what_cannot_be_asked_for_is_named() -> None:
    end = timedelta(hours=1)
    for given, field in (
        ((Policy.BALANCED, "much", False, "why", end, None), "leverage"),
        ((Policy.BALANCED, 0.5, False, "why", "tomorrow", None), "end"),
        ((Policy.BALANCED, 0.5, False, None, end, None), "reason"),
        ((Policy.BALANCED, 0.5, False, "why", end, -1), "replaces"),
        (("BOLD", 0.5, False, "why", end, None), "policy"),
        ((Policy.BALANCED, 1.5, "no", "why", end, None), "force: must be True or False"),
    ):
        with pytest.raises(InvalidRequestError, match=field):
            admin_calls.override_request(*given)
    with pytest.raises(InvalidRequestError, match="part: is 'BOTH'; give OVERRIDE, FREEZE, or None"):
        admin_calls.clear_request("BOTH", "why", 7)  # type: ignore[arg-type]  # that is the point
    asked = admin_calls.clear_request(InterventionPart.FREEZE, "why", 7)
    assert (asked.part, asked.replaces) == (admin_pb2.INTERVENTION_PART_FREEZE, 7)
