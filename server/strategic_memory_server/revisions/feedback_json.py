"""Feedback as the JSON that Redis holds: in the key, in each log entry and in the event.

The keys that the contract names come first and in its order; what this service adds follows. Reading is the exact
inverse of writing, so that a replica that reads the log serves what was published.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.feedback import (
    Advice,
    Feedback,
    FeedbackStatus,
    RegimeAdvice,
    RegimePerformance,
    Rules,
    Times,
)
from strategic_memory_server.advice.followed import Followed
from strategic_memory_server.advice.rules.reasons import Reason
from strategic_memory_server.evidence.view import EvidenceView
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.memory.override import Freeze, Override
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.caps_json import checked_caps
from strategic_memory_server.revisions.json_shapes import JsonShape
from strategic_memory_server.revisions.log_times import to_iso


class MalformedFeedbackError(Exception):
    """The log or its state cannot be read back: somebody else wrote to it, or another version did."""


@dataclass(frozen=True, slots=True)
class _Figures:
    avg_pnl: float
    win_rate: float
    """Where it is not defined it is 0, as the reference rules have it."""
    sample_count: int


@dataclass(frozen=True, slots=True)
class _Decided:
    wins: int
    losses: int


@dataclass(frozen=True, slots=True)
class _Document:
    """The keys of the JSON in their order. What has a default a service of before there was a long memory left out."""

    preferred_regime: str
    updated_policy: Policy
    confidence_boost: float
    leverage_hint: float
    regime_performance: _Figures | None
    timestamp_ms: int | None
    version: str
    revision: int
    epoch: str
    status: FeedbackStatus
    current_regime: str
    best_policy: Policy | None
    data_as_of_ms: int | None
    valid_until_ms: int | None
    regime_decided: _Decided | None
    reasons: tuple[Reason, ...]
    rules: Rules = Rules.REFERENCE
    leverage_bound_by: str | None = None
    current: RegimeAdvice | None = None
    evidence: EvidenceView | None = None
    leverage_caps: LeverageCaps = NO_CAPS
    followed: Followed | None = None
    override: Override | None = None
    freeze: Freeze | None = None
    guard: GuardReading | None = None


_ONLY_WHERE_SAID = ("followed", "override", "freeze", "guard")
"""Keys that are left out where they would be null: most documents are read by programs that know none of them."""

_SHAPE = JsonShape(
    _Document,
    {
        _Document: ("rules", "leverage_bound_by", "current", "evidence", "leverage_caps", *_ONLY_WHERE_SAID),
        RegimeAdvice: ("is_probe",),
    },
)
_OF_ADVICE = [field.name for field in fields(Advice) if field.name != "regime_performance"]
"""Fields of an advice that the document has under the same name."""


def encode_feedback(feedback: Feedback) -> str:
    """Write a feedback as one line of JSON."""
    advice, times, performance = feedback.advice, feedback.times, feedback.advice.regime_performance
    figures = decided = None
    if performance:
        figures = _Figures(performance.avg_pnl, performance.win_rate or 0.0, performance.sample_count)
        decided = _Decided(performance.wins, performance.losses)
    document = _SHAPE.write(
        _Document(
            **{name: getattr(advice, name) for name in _OF_ADVICE},
            regime_performance=figures,
            regime_decided=decided,
            revision=feedback.revision,
            epoch=feedback.epoch,
            status=feedback.status,
            timestamp_ms=times.computed_at_ms,
            data_as_of_ms=times.data_as_of_ms,
            valid_until_ms=times.valid_until_ms,
        )
    )
    if isinstance(document, dict):
        if isinstance(current := document["current"], dict) and not current["is_probe"]:
            # Where nothing is explored, it is written as if that did not exist.
            del current["is_probe"]
        for name in _ONLY_WHERE_SAID:
            if document[name] is None:
                del document[name]
    return json.dumps(document, allow_nan=False)


def encode_event(feedback: Feedback) -> str:
    """Write the pub/sub event that announces a feedback."""
    advice = feedback.advice
    document = {
        "event": "strategic_feedback_updated",
        "regime": advice.preferred_regime,
        "policy": advice.updated_policy.name,
        "confidence": advice.confidence_boost,
        "leverage": advice.leverage_hint,
        "revision": feedback.revision,
        "epoch": feedback.epoch,
        "timestamp": to_iso(feedback.times.computed_at_ms),
    }
    if advice.is_probe:
        document["is_probe"] = True
    if advice.is_overridden:
        document["is_overridden"] = True
    return json.dumps(document, allow_nan=False)


def decode_feedback(raw: bytes) -> Feedback:
    """Read what `encode_feedback` wrote.

    Raises:
        MalformedFeedbackError: it is not a feedback.
    """
    try:
        return _feedback(_SHAPE.read(raw))
    except ValueError as error:
        raise MalformedFeedbackError(f"not a feedback ({str(error)[:100]})") from error


def _feedback(document: _Document) -> Feedback:
    figures, decided = document.regime_performance, document.regime_decided
    if (figures is None) != (decided is None):
        raise ValueError("regime_decided: does not agree with regime_performance")
    performance = None
    if figures and decided:
        performance = RegimePerformance(figures.avg_pnl, figures.sample_count, decided.wins, decided.losses)
    of_advice = {name: getattr(document, name) for name in _OF_ADVICE}
    of_advice["leverage_caps"] = checked_caps(document.leverage_caps)
    return Feedback(
        advice=Advice(regime_performance=performance, **of_advice),
        status=document.status,
        revision=document.revision,
        epoch=document.epoch,
        times=Times(document.timestamp_ms, document.data_as_of_ms, document.valid_until_ms),
    )
