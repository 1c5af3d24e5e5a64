from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from client.feedback_samples import T0, feedback
from safe_values import SAFE_LEVERAGES

from strategic_memory_client import Evidence, FeedbackStatus, LeverageCap, Policy, PolicyEvidence, RegimeAdvice

BEFORE, AFTER = T0 - timedelta(microseconds=1), T0


def test_an_active_feedback_stays_as_it_is_until_valid_until() -> None:
    active = feedback(valid_until=T0)
    assert active.is_active_at(BEFORE)
    assert active.safe_at(BEFORE) is active


def test_from_valid_until_on_it_reads_as_stale_with_the_safe_values() -> None:
    active = feedback(valid_until=T0)
    stale = active.safe_at(AFTER)
    assert not active.is_active_at(AFTER)
    assert stale.status is FeedbackStatus.STALE
    assert stale.updated_policy is Policy.CONSERVATIVE
    assert (stale.confidence_boost, stale.leverage_hint) == (0.0, 1.0)
    assert (stale.revision, stale.preferred_regime, stale.valid_until) == (1, "BULL", T0)


def test_the_advice_for_the_current_regime_and_the_evidence_are_withheld_too() -> None:
    figures = PolicyEvidence(Policy.BALANCED, 9, 8.5, 0.1, -0.2, 0.4, 0.05, 0.95, 0.97, 0.9, 0)
    active = replace(
        feedback(valid_until=T0),
        current=RegimeAdvice("BULL", Policy.BALANCED, 0.7, 1.75, "cap"),
        evidence=Evidence("BULL", Policy.BALANCED, 0.8, 0.7, None, (figures,), ("ONE_POLICY_ONLY",), 9),
    )
    assert active.safe_at(BEFORE) is active
    stale = active.safe_at(AFTER)
    assert stale.current == RegimeAdvice("BULL", Policy.CONSERVATIVE, 0.0, 1.0, "cap")
    assert stale.evidence == Evidence("BULL", Policy.CONSERVATIVE, 0.0, 0.7, None, (figures,), ("ONE_POLICY_ONLY",), 9)


def test_an_active_feedback_without_validity_cannot_be_acted_upon() -> None:
    assert feedback(valid_until=None).safe_at(BEFORE).status is FeedbackStatus.STALE


@pytest.mark.parametrize("status", [FeedbackStatus.WARMING_UP, FeedbackStatus.STALE])
def test_what_is_safe_already_stays_as_it_is(status: FeedbackStatus) -> None:
    safe = feedback(status=status, valid_until=T0)
    assert safe.safe_at(AFTER) is safe


@pytest.mark.parametrize(
    ("hint", "limits", "safe"),
    [*SAFE_LEVERAGES, (math.nan, (), 1.0), (math.inf, (), 1.0), (-math.inf, (), 1.0), (math.nan, (0.5,), 0.5)],
)
def test_the_safe_leverage_is_at_most_1_and_every_cap(hint: float, limits: tuple[float, ...], safe: float) -> None:
    caps = tuple(LeverageCap("a cap", limit, None) for limit in limits)
    assert replace(feedback(), leverage_hint=hint, leverage_caps=caps).as_stale().leverage_hint == safe


def test_how_it_was_delivered_is_no_part_of_what_it_says() -> None:
    assert replace(feedback(), skipped_revisions=3, epoch_changed=True) == feedback()


@pytest.mark.parametrize("status", FeedbackStatus)
def test_a_moment_without_a_timezone_is_refused_whatever_the_status(status: FeedbackStatus) -> None:
    held = feedback(status=status)
    for asked in (held.is_active_at, held.safe_at):
        with pytest.raises(ValueError, match=r"^now must say its timezone, as datetime\.now\(UTC\) does, is datetime"):
            asked(AFTER.replace(tzinfo=None))
