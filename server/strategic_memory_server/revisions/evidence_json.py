"""The advice for the current regime and the evidence as JSON, and back; part of `feedback_json`."""

from __future__ import annotations

from strategic_memory_server.evidence.view import EvidenceView, PolicyEvidence
from strategic_memory_server.feedback import RegimeAdvice
from strategic_memory_server.json_types import JsonObject
from strategic_memory_server.policy import Policy
from strategic_memory_server.revisions.json_values import read_count, read_list, read_number, read_object, read_text


def encode_current(current: RegimeAdvice) -> JsonObject:
    """Write the advice for the current regime. Where nothing is explored, it is written as if that did not exist."""
    document: JsonObject = {
        "regime": current.regime,
        "policy": current.policy.name,
        "confidence_boost": current.confidence_boost,
        "leverage_hint": current.leverage_hint,
        "leverage_bound_by": current.leverage_bound_by,
    }
    return {**document, "is_probe": True} if current.is_probe else document


def encode_evidence(evidence: EvidenceView) -> JsonObject:
    """Write what all trades so far say."""
    return {
        "regime": evidence.regime,
        "recommended_policy": evidence.recommended_policy.name,
        "confidence_boost": evidence.confidence_boost,
        "leverage_hint": evidence.leverage_hint,
        "leverage_bound_by": evidence.leverage_bound_by,
        "policies": [_encode_policy(policy) for policy in evidence.policies],
        "cautions": list(evidence.cautions),
        "observations": evidence.observations,
    }


def read_current(value: object) -> RegimeAdvice | None:
    """Inverse of `encode_current`; null: None. ValueError, TypeError or KeyError for anything else."""
    if value is None:
        return None
    document = read_object(value)
    return RegimeAdvice(
        regime=read_text(document["regime"]),
        policy=_read_policy_name(document["policy"]),
        confidence_boost=read_number(document["confidence_boost"]),
        leverage_hint=read_number(document["leverage_hint"]),
        leverage_bound_by=read_bound_by(document["leverage_bound_by"]),
        is_probe=_read_flag(document.get("is_probe", False)),
    )


def read_evidence(value: object) -> EvidenceView | None:
    """Inverse of `encode_evidence`; null: None. ValueError, TypeError or KeyError for anything else."""
    if value is None:
        return None
    document = read_object(value)
    return EvidenceView(
        regime=read_text(document["regime"]),
        recommended_policy=_read_policy_name(document["recommended_policy"]),
        confidence_boost=read_number(document["confidence_boost"]),
        leverage_hint=read_number(document["leverage_hint"]),
        leverage_bound_by=read_bound_by(document["leverage_bound_by"]),
        policies=tuple(_read_policy(policy) for policy in read_list(document["policies"])),
        cautions=tuple(read_text(caution) for caution in read_list(document["cautions"])),
        observations=read_count(document["observations"]),
    )


def read_bound_by(value: object) -> str | None:
    """Give the name of a cap; null: None."""
    return None if value is None else read_text(value)


def _encode_policy(policy: PolicyEvidence) -> JsonObject:
    return {
        "policy": policy.policy.name,
        "observations": policy.observations,
        "effective_observations": policy.effective_observations,
        "mean_pnl": policy.mean_pnl,
        "interval_low": policy.interval_low,
        "interval_high": policy.interval_high,
        "utility": policy.utility,
        "probability_best": policy.probability_best,
        "probability_beats_conservative": policy.probability_beats_conservative,
        "probability_mean_positive": policy.probability_mean_positive,
        "more_observations": policy.more_observations,
    }


def _read_policy(value: object) -> PolicyEvidence:
    document = read_object(value)
    more = document["more_observations"]
    return PolicyEvidence(
        policy=_read_policy_name(document["policy"]),
        observations=read_count(document["observations"]),
        effective_observations=_read_optional(document["effective_observations"]),
        mean_pnl=read_number(document["mean_pnl"]),
        interval_low=read_number(document["interval_low"]),
        interval_high=read_number(document["interval_high"]),
        utility=read_number(document["utility"]),
        probability_best=read_number(document["probability_best"]),
        probability_beats_conservative=_read_optional(document["probability_beats_conservative"]),
        probability_mean_positive=read_number(document["probability_mean_positive"]),
        more_observations=None if more is None else read_count(more),
    )


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _read_optional(value: object) -> float | None:
    return None if value is None else read_number(value)


def _read_policy_name(value: object) -> Policy:
    return Policy[read_text(value)]
