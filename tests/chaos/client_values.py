"""From what the client library hands out to the values of a history."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from history.from_wire import feedback_of
from history.model import Feedback

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client import (
    DrawdownGuard,
    Evidence,
    Freeze,
    LeverageCap,
    Override,
    PolicyEvidence,
    Reason,
    RegimeAdvice,
    RegimePerformance,
)
from strategic_memory_client import Feedback as ClientFeedback


def feedback_of_client(feedback: ClientFeedback) -> Feedback:
    """Return a feedback, by way of the message that it was read from."""
    message = feedback_pb2.Feedback(
        revision=feedback.revision,
        epoch=feedback.epoch,
        status=feedback_pb2.FeedbackStatus.Value(f"FEEDBACK_STATUS_{feedback.status.value}"),
        preferred_regime=feedback.preferred_regime,
        updated_policy=_policy(feedback.updated_policy),
        confidence_boost=feedback.confidence_boost,
        leverage_hint=feedback.leverage_hint,
        regime_performance=_performance(feedback.regime_performance),
        current_regime=feedback.current_regime,
        version=feedback.version,
        reasons=[_reason(reason) for reason in feedback.reasons],
        best_policy=_policy(feedback.best_policy),
        rules=feedback_pb2.Rules.Value(f"RULES_{feedback.rules or 'UNSPECIFIED'}"),
        current=_current(feedback.current),
        evidence=_evidence(feedback.evidence),
        leverage_bound_by=feedback.leverage_bound_by or "",
        leverage_caps=[_cap(cap) for cap in feedback.leverage_caps],
        override=_override(feedback.override),
        freeze=_freeze(feedback.freeze),
        guard=_guard(feedback.guard),
    )
    if feedback.valid_until is not None:
        message.valid_until.FromDatetime(_naive(feedback.valid_until))
    return feedback_of(message)


def _cap(cap: LeverageCap) -> feedback_pb2.LeverageCap:
    message = feedback_pb2.LeverageCap(source=cap.source, value=cap.value)
    if cap.since is not None:
        message.since.FromDatetime(_naive(cap.since))
    return message


def _override(override: Override | None) -> feedback_pb2.Override | None:
    if override is None:
        return None
    message = feedback_pb2.Override(
        policy=_policy(override.policy),
        leverage=override.leverage,
        is_forced=override.is_forced,
        reason=override.reason,
        set_by=override.set_by,
        rules_policy=_policy(override.rules_policy),
        rules_leverage_hint=override.rules_leverage_hint,
        rules_current_policy=_policy(override.rules_current_policy),
        rules_current_leverage_hint=override.rules_current_leverage_hint,
    )
    _add_times(message, override)
    return message


def _freeze(freeze: Freeze | None) -> feedback_pb2.Freeze | None:
    if freeze is None:
        return None
    message = feedback_pb2.Freeze(
        revision=freeze.revision, epoch=freeze.epoch, reason=freeze.reason, set_by=freeze.set_by
    )
    _add_times(message, freeze)
    return message


def _guard(guard: DrawdownGuard | None) -> feedback_pb2.DrawdownGuard | None:
    if guard is None:
        return None
    message = feedback_pb2.DrawdownGuard(**{name: value for name, value in asdict(guard).items() if name != "since"})
    if guard.since is not None:
        message.since.FromDatetime(_naive(guard.since))
    return message


def _add_times(message: feedback_pb2.Override | feedback_pb2.Freeze, said: Override | Freeze) -> None:
    for field, time in ((message.set_at, said.set_at), (message.until, said.until)):
        if time is not None:
            field.FromDatetime(_naive(time))


def _naive(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


def _policy(policy: str | None) -> feedback_pb2.Policy.ValueType:
    return feedback_pb2.Policy.Value(f"POLICY_{policy or 'UNSPECIFIED'}")


def _current(current: RegimeAdvice | None) -> feedback_pb2.RegimeAdvice | None:
    if current is None:
        return None
    return feedback_pb2.RegimeAdvice(
        regime=current.regime,
        policy=_policy(current.policy),
        confidence_boost=current.confidence_boost,
        leverage_hint=current.leverage_hint,
        leverage_bound_by=current.leverage_bound_by or "",
        is_probe=current.is_probe,
    )


def _evidence(evidence: Evidence | None) -> feedback_pb2.Evidence | None:
    if evidence is None:
        return None
    return feedback_pb2.Evidence(
        regime=evidence.regime,
        recommended_policy=_policy(evidence.recommended_policy),
        confidence_boost=evidence.confidence_boost,
        leverage_hint=evidence.leverage_hint,
        leverage_bound_by=evidence.leverage_bound_by or "",
        policies=[_policy_evidence(policy) for policy in evidence.policies],
        cautions=evidence.cautions,
        observations=evidence.observations,
    )


def _policy_evidence(policy: PolicyEvidence) -> feedback_pb2.PolicyEvidence:
    return feedback_pb2.PolicyEvidence(
        policy=_policy(policy.policy),
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


def _performance(performance: RegimePerformance | None) -> feedback_pb2.RegimePerformance | None:
    if performance is None:
        return None
    return feedback_pb2.RegimePerformance(
        avg_pnl=performance.avg_pnl,
        win_rate=performance.win_rate,
        sample_count=performance.sample_count,
        wins=performance.wins,
        losses=performance.losses,
    )


def _reason(reason: Reason) -> feedback_pb2.Reason:
    comparisons = [
        feedback_pb2.Comparison(
            measurement=each.measurement,
            value=each.value,
            operator=each.operator,
            threshold=each.threshold,
            holds=each.holds,
        )
        for each in reason.comparisons
    ]
    return feedback_pb2.Reason(code=reason.code, sentence=reason.sentence, comparisons=comparisons)
