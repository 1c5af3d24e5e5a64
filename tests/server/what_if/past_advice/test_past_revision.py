"""What one revision of the log said, and what is no advice of this service."""

from __future__ import annotations

from dataclasses import replace

import pytest
from advice import evidence_view, with_evidence
from past_log import said

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, RegimeAdvice, Rules
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.what_if.past_advice.past_revision import PastRevision, Statement, Subject, past_revision

CURRENT = RegimeAdvice("BEAR", Policy.AGGRESSIVE, 0.5, 1.0)
OURS = said(7, 10, current=CURRENT)


def of(feedback: Feedback) -> PastRevision:
    found = past_revision(feedback)
    assert found is not None
    return found


def test_under_the_reference_rules_a_confidence_is_about_a_regime() -> None:
    found = of(replace(OURS, advice=replace(OURS.advice, evidence=evidence_view())))
    assert (found.epoch, found.revision, found.said_ms, found.rules, found.version) == (
        *("e1", 7, 10),
        *(Rules.REFERENCE, "1.0.0"),
    )
    assert (found.preferred_regime, found.policy) == ("BULL", Policy.BALANCED)
    assert found.statements == {
        Subject.PREFERRED_REGIME: Statement("BULL", None, 0.75),
        Subject.CURRENT_REGIME: Statement("BEAR", None, 0.5),
        Subject.EVIDENCE: Statement("BULL", Policy.BALANCED, 0.8125),
    }


def test_under_the_evidence_rules_it_is_about_the_policy_too() -> None:
    found = of(replace(OURS, advice=replace(with_evidence(OURS.advice), current=CURRENT)))
    assert found.statements == {
        Subject.PREFERRED_REGIME: Statement("BULL", Policy.BALANCED, 0.75),
        Subject.CURRENT_REGIME: Statement("BEAR", Policy.AGGRESSIVE, 0.5),
        Subject.EVIDENCE: Statement("BULL", Policy.BALANCED, 0.8125),
    }


def test_it_was_said_no_earlier_than_what_it_rests_on() -> None:
    assert of(said(1, 10, seen_ms=9)).said_ms == 10
    assert of(said(1, 10, seen_ms=25)).said_ms == 25
    assert of(replace(OURS, times=replace(OURS.times, data_as_of_ms=None))).said_ms == 10


@pytest.mark.parametrize(
    "foreign",
    [
        replace(OURS, status=FeedbackStatus.WARMING_UP),
        replace(OURS, status=FeedbackStatus.STALE),
        replace(OURS, times=replace(OURS.times, computed_at_ms=None)),
        replace(OURS, advice=replace(OURS.advice, confidence_boost=1.0000001)),
        replace(OURS, advice=replace(OURS.advice, current=replace(CURRENT, confidence_boost=-0.1))),
        replace(OURS, advice=replace(OURS.advice, evidence=replace(evidence_view(), confidence_boost=2.0))),
    ],
    ids=["warming up", "stale", "no time", "confidence", "confidence for the current regime", "confidence of evidence"],
)
def test_what_is_no_advice_of_this_service(foreign: Feedback) -> None:
    assert past_revision(foreign) is None
