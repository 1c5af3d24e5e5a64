"""SAFE: STALE and WARMING_UP carry the safe values, and before the first revision nothing is ACTIVE (contract 6)."""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, sightings
from history.model import Advice, Feedback, Status
from history.promises import Promise, Violation

SAFE_POLICY = "POLICY_CONSERVATIVE"
SAFE_LEVERAGE = 1.0


def safe(evidence: Evidence) -> Iterator[Violation]:
    """Find advice that is bolder than its status permits."""
    for sighting in sightings(evidence.history):
        boldness = _boldness(sighting.feedback)
        if boldness:
            what = f"revision {sighting.feedback.position} is {sighting.feedback.status.name} and has {boldness}"
            yield Violation(Promise.SAFE, sighting.where, what)
    for publish in evidence.history.publishes:
        boldness = _boldness(publish.feedback)
        if boldness:
            what = f"revision {publish.feedback.position} is {publish.feedback.status.name} and has {boldness}"
            yield Violation(Promise.SAFE, "the log", what)


def _boldness(feedback: Feedback) -> str:
    if feedback.status is Status.UNSPECIFIED or (
        feedback.position.revision == 0 and feedback.status is not Status.WARMING_UP
    ):
        return "a status that means nothing there"
    if feedback.status is Status.ACTIVE:
        return ""
    told = (feedback.advice, *feedback.advice.beside)
    return next(filter(None, map(_boldness_of, told)), "")


def _boldness_of(advice: Advice) -> str:
    if advice.policy != SAFE_POLICY:
        return f"policy {advice.policy}"
    if advice.confidence != 0.0:
        return f"confidence {advice.confidence:g}"
    # Written so that a leverage that is no number is not taken for a safe one.
    return "" if 0.0 <= advice.leverage <= SAFE_LEVERAGE else f"leverage {advice.leverage:g}"
