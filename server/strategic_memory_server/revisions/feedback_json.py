"""Feedback as the JSON that Redis holds: in the key, in each log entry and in the event.

The keys that the contract names come first and in its order; what this service adds follows. Reading is the exact
inverse of writing, so that a replica that reads the log serves what was published.
"""

from __future__ import annotations

import json
from typing import Any

from strategic_memory_server.feedback import Advice, Feedback, FeedbackStatus, RegimePerformance, Rules, Times
from strategic_memory_server.policy import Policy
from strategic_memory_server.revisions.caps_json import encode_caps, read_caps
from strategic_memory_server.revisions.evidence_json import (
    encode_current,
    encode_evidence,
    read_bound_by,
    read_current,
    read_evidence,
)
from strategic_memory_server.revisions.json_values import read_count, read_number, read_text
from strategic_memory_server.revisions.log_times import from_iso, read_time_ms, to_iso
from strategic_memory_server.rules.reasons import Reason
from strategic_memory_server.rules.rule_table import Comparison


class MalformedFeedbackError(Exception):
    """The log or its state cannot be read back: somebody else wrote to it, or another version did."""


def encode_feedback(feedback: Feedback) -> str:
    """Write a feedback as one line of JSON."""
    advice = feedback.advice
    performance = advice.regime_performance
    document = {
        "preferred_regime": advice.preferred_regime,
        "updated_policy": advice.updated_policy.name,
        "confidence_boost": advice.confidence_boost,
        "leverage_hint": advice.leverage_hint,
        "regime_performance": performance and _performance(performance),
        "timestamp": to_iso(feedback.times.computed_at_ms),
        "version": advice.version,
        "revision": feedback.revision,
        "epoch": feedback.epoch,
        "status": feedback.status.value,
        "current_regime": advice.current_regime,
        "best_policy": advice.best_policy if advice.best_policy is None else advice.best_policy.name,
        "data_as_of": to_iso(feedback.times.data_as_of_ms),
        "valid_until": to_iso(feedback.times.valid_until_ms),
        "regime_decided": performance and {"wins": performance.wins, "losses": performance.losses},
        "reasons": [_reason(reason) for reason in advice.reasons],
        "rules": advice.rules.value,
        "leverage_bound_by": advice.leverage_bound_by,
        "current": advice.current and encode_current(advice.current),
        "evidence": advice.evidence and encode_evidence(advice.evidence),
        "leverage_caps": encode_caps(advice.leverage_caps),
    }
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
    return json.dumps(document, allow_nan=False)


def decode_feedback(raw: bytes) -> Feedback:
    """Read what `encode_feedback` wrote.

    Raises:
        MalformedFeedbackError: it is not a feedback.
    """
    try:
        return _feedback(json.loads(raw))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MalformedFeedbackError(f"not a feedback ({repr(error)[:100]})") from error


def _feedback(document: dict[str, Any]) -> Feedback:
    performance, decided = document["regime_performance"], document["regime_decided"]
    best_policy = document["best_policy"]
    advice = Advice(
        preferred_regime=read_text(document["preferred_regime"]),
        updated_policy=Policy[document["updated_policy"]],
        confidence_boost=read_number(document["confidence_boost"]),
        leverage_hint=read_number(document["leverage_hint"]),
        regime_performance=None
        if performance is None
        else RegimePerformance(
            avg_pnl=read_number(performance["avg_pnl"]),
            sample_count=read_count(performance["sample_count"]),
            wins=read_count(decided["wins"]),
            losses=read_count(decided["losses"]),
        ),
        current_regime=read_text(document["current_regime"]),
        best_policy=None if best_policy is None else Policy[best_policy],
        reasons=tuple(_read_reason(reason) for reason in document["reasons"]),
        version=read_text(document["version"]),
        # A service of before there was a long memory wrote none of these.
        rules=Rules(document.get("rules", Rules.REFERENCE.value)),
        leverage_bound_by=read_bound_by(document.get("leverage_bound_by")),
        current=read_current(document.get("current")),
        evidence=read_evidence(document.get("evidence")),
        leverage_caps=read_caps(document.get("leverage_caps", [])),
    )
    return Feedback(
        advice=advice,
        status=FeedbackStatus(document["status"]),
        revision=read_count(document["revision"]),
        epoch=read_text(document["epoch"]),
        times=Times(
            computed_at_ms=_read_iso(document["timestamp"]),
            data_as_of_ms=_read_iso(document["data_as_of"]),
            valid_until_ms=_read_iso(document["valid_until"]),
        ),
    )


def _read_iso(text: str | None) -> int | None:
    time_ms = from_iso(text)
    return None if time_ms is None else read_time_ms(time_ms)


def _performance(performance: RegimePerformance) -> dict[str, float]:
    """Write the figures; a win rate that is not defined is 0 here, as the reference rules have it."""
    return {
        "avg_pnl": performance.avg_pnl,
        "win_rate": performance.win_rate or 0.0,
        "sample_count": performance.sample_count,
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "sentence": reason.sentence,
        "comparisons": [
            {
                "measurement": comparison.measurement,
                "value": comparison.value,
                "operator": comparison.operator,
                "threshold": comparison.threshold,
                "holds": comparison.holds,
            }
            for comparison in reason.comparisons
        ],
    }


def _read_reason(document: dict[str, Any]) -> Reason:
    return Reason(
        code=read_text(document["code"]),
        sentence=read_text(document["sentence"]),
        comparisons=tuple(_read_comparison(comparison) for comparison in document["comparisons"]),
    )


def _read_comparison(document: dict[str, Any]) -> Comparison:
    value = document["value"]
    return Comparison(
        measurement=read_text(document["measurement"]),
        value=None if value is None else read_number(value),
        operator=read_text(document["operator"]),
        threshold=read_number(document["threshold"]),
        holds=document["holds"] is True,
    )
