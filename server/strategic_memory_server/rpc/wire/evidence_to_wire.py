"""The advice for the current regime and the evidence as messages of the wire; part of `to_wire`."""

from __future__ import annotations

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.advice.feedback import RegimeAdvice
from strategic_memory_server.evidence.view import EvidenceView, PolicyEvidence
from strategic_memory_server.rpc.wire.wire_names import POLICIES


def current_message(current: RegimeAdvice | None) -> feedback_pb2.RegimeAdvice | None:
    """Give the advice for the current regime; None stays absent."""
    if current is None:
        return None
    return feedback_pb2.RegimeAdvice(
        regime=current.regime,
        policy=POLICIES[current.policy],
        confidence_boost=current.confidence_boost,
        leverage_hint=current.leverage_hint,
        leverage_bound_by=current.leverage_bound_by or "",
        is_probe=current.is_probe,
    )


def evidence_message(evidence: EvidenceView | None) -> feedback_pb2.Evidence | None:
    """Give what all trades so far say; None stays absent."""
    if evidence is None:
        return None
    return feedback_pb2.Evidence(
        regime=evidence.regime,
        recommended_policy=POLICIES[evidence.recommended_policy],
        confidence_boost=evidence.confidence_boost,
        leverage_hint=evidence.leverage_hint,
        leverage_bound_by=evidence.leverage_bound_by or "",
        policies=[_policy(policy) for policy in evidence.policies],
        cautions=evidence.cautions,
        observations=evidence.observations,
    )


def _policy(policy: PolicyEvidence) -> feedback_pb2.PolicyEvidence:
    return feedback_pb2.PolicyEvidence(
        policy=POLICIES[policy.policy],
        observations=policy.observations,
        effective_observations=policy.effective_observations,
        mean_pnl=policy.mean_pnl,
        interval_low=policy.interval_low,
        interval_high=policy.interval_high,
        utility=policy.utility,
        probability_best=policy.probability_best,
        probability_beats_conservative=policy.probability_beats_conservative,
        probability_mean_positive=policy.probability_mean_positive,
        more_observations=policy.more_observations,
    )
