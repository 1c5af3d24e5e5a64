"""Wire messages as values of this library. Nothing a server sends makes this fail: the unreadable is safe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from google.protobuf import struct_pb2

from strategic_memory.v1 import analysis_pb2, feedback_pb2, service_pb2
from strategic_memory_client.values.analysis import (
    Analysis,
    Context,
    PolicyAnalysis,
    RegimeAnalysis,
    RegimeTransition,
    SourceReport,
    StrategyAnalysis,
)
from strategic_memory_client.values.results import (
    Comparison,
    Evidence,
    Feedback,
    FeedbackStatus,
    Heartbeat,
    LeverageCap,
    Policy,
    PolicyEvidence,
    Reason,
    RegimeAdvice,
    RegimePerformance,
)
from strategic_memory_client.wire.contract_bounds import require_within_contract
from strategic_memory_client.wire.figures_from_wire import (
    correlations_from_wire,
    drift_from_wire,
    dynamics_from_wire,
    performance_from_wire,
)
from strategic_memory_client.wire.past_advice_from_wire import past_advice_from_wire
from strategic_memory_client.wire.policies import POLICIES, RULES, tell_unknown
from strategic_memory_client.wire.times import time_from_wire

_STATUSES: Mapping[int, FeedbackStatus] = {
    feedback_pb2.FEEDBACK_STATUS_WARMING_UP: FeedbackStatus.WARMING_UP,
    feedback_pb2.FEEDBACK_STATUS_ACTIVE: FeedbackStatus.ACTIVE,
    feedback_pb2.FEEDBACK_STATUS_STALE: FeedbackStatus.STALE,
}


def feedback_from_wire(wire: feedback_pb2.Feedback) -> Feedback:
    """Return the feedback; with the safe values where its status, policy or numbers are not understood."""
    status = _STATUSES.get(wire.status, FeedbackStatus.STALE)
    if wire.status not in _STATUSES:
        tell_unknown("status", wire.status)
    policy = POLICIES.get(wire.updated_policy)
    if policy is None:
        tell_unknown("updated_policy", wire.updated_policy)
    caps = tuple(_cap(cap) for cap in wire.leverage_caps)
    feedback = Feedback(
        revision=wire.revision,
        epoch=wire.epoch,
        status=status,
        preferred_regime=wire.preferred_regime,
        updated_policy=policy or Policy.CONSERVATIVE,
        confidence_boost=wire.confidence_boost,
        leverage_hint=wire.leverage_hint,
        regime_performance=_performance(wire.regime_performance) if wire.HasField("regime_performance") else None,
        current_regime=wire.current_regime,
        timestamp=time_from_wire(wire.timestamp) if wire.HasField("timestamp") else None,
        data_as_of=time_from_wire(wire.data_as_of) if wire.HasField("data_as_of") else None,
        valid_until=time_from_wire(wire.valid_until) if wire.HasField("valid_until") else None,
        version=wire.version,
        reasons=tuple(_reason(reason) for reason in wire.reasons),
        best_policy=POLICIES.get(wire.best_policy),
        rules=RULES.get(wire.rules),
        current=_current(wire.current) if wire.HasField("current") else None,
        evidence=_evidence(wire.evidence, caps) if wire.HasField("evidence") else None,
        leverage_bound_by=wire.leverage_bound_by or None,
        leverage_caps=caps,
    )
    is_understood = policy is not None and _make_sense(wire)
    return feedback if status is FeedbackStatus.ACTIVE and is_understood else feedback.as_safe()


def heartbeat_from_wire(wire: feedback_pb2.Heartbeat) -> Heartbeat:
    """Return the heartbeat; one with a status that is not understood is STALE."""
    return Heartbeat(
        revision=wire.revision,
        epoch=wire.epoch,
        status=_STATUSES.get(wire.status, FeedbackStatus.STALE),
        data_as_of=time_from_wire(wire.data_as_of) if wire.HasField("data_as_of") else None,
        valid_until=time_from_wire(wire.valid_until) if wire.HasField("valid_until") else None,
        timestamp=time_from_wire(wire.timestamp) if wire.HasField("timestamp") else None,
        leverage_caps=tuple(_cap(cap) for cap in wire.leverage_caps),
    )


def stream_message_from_wire(
    wire: service_pb2.StreamFeedbackResponse, address: str = ""
) -> Feedback | Heartbeat | None:
    """Return what one message of a stream carries; None for a kind that this library does not know.

    Raises InvalidAnswerError for what the contract rules out.
    """
    match wire.WhichOneof("event"):
        case "feedback":
            require_within_contract(wire.feedback, address)
            feedback = feedback_from_wire(wire.feedback)
            return replace(feedback, skipped_revisions=wire.skipped_revisions, sent_at=_sent_at(wire))
        case "heartbeat":
            return heartbeat_from_wire(wire.heartbeat)
        case _:
            return None


def answer_from_wire(wire: service_pb2.GetFeedbackResponse) -> Feedback:
    """Return the feedback that GetFeedback answers with."""
    return replace(feedback_from_wire(wire.feedback), sent_at=_sent_at(wire))


def analysis_from_wire(wire: analysis_pb2.Analysis) -> Analysis:
    """Return the analysis."""
    return Analysis(
        regimes=tuple(_regime(regime) for regime in wire.regimes),
        current_regime=wire.current_regime,
        preferred_regime=wire.preferred_regime,
        transitions=tuple(RegimeTransition(t.from_regime, t.to_regime, t.count) for t in wire.transitions),
        sources=tuple(
            SourceReport(source.source, source.accepted, dict(source.rejected), dict(source.noted))
            for source in wire.sources
        ),
        sample_count=wire.sample_count,
        data_as_of=time_from_wire(wire.data_as_of) if wire.HasField("data_as_of") else None,
        context=_context(wire.context) if wire.HasField("context") else None,
        regime_dynamics=dynamics_from_wire(wire.regime_dynamics) if wire.HasField("regime_dynamics") else None,
        correlations=correlations_from_wire(wire.correlations) if wire.HasField("correlations") else None,
        past_advice=past_advice_from_wire(wire.past_advice) if wire.HasField("past_advice") else None,
    )


def _sent_at(wire: service_pb2.StreamFeedbackResponse | service_pb2.GetFeedbackResponse) -> datetime | None:
    return time_from_wire(wire.sent_at) if wire.HasField("sent_at") else None


def _performance(wire: feedback_pb2.RegimePerformance) -> RegimePerformance:
    return RegimePerformance(
        avg_pnl=wire.avg_pnl,
        win_rate=wire.win_rate if wire.HasField("win_rate") else None,
        sample_count=wire.sample_count,
        wins=wire.wins,
        losses=wire.losses,
    )


def _cap(wire: feedback_pb2.LeverageCap) -> LeverageCap:
    # One that makes no sense is the strictest there is: to leave it out would lift it.
    value = wire.value if math.isfinite(wire.value) and wire.value >= 0.0 else 0.0
    return LeverageCap(wire.source, value, time_from_wire(wire.since) if wire.HasField("since") else None)


def _reason(wire: feedback_pb2.Reason) -> Reason:
    return Reason(
        code=wire.code,
        sentence=wire.sentence,
        comparisons=tuple(
            Comparison(
                measurement=comparison.measurement,
                value=comparison.value if comparison.HasField("value") else None,
                operator=comparison.operator,
                threshold=comparison.threshold,
                holds=comparison.holds,
            )
            for comparison in wire.comparisons
        ),
    )


def _current(wire: feedback_pb2.RegimeAdvice) -> RegimeAdvice:
    policy = POLICIES.get(wire.policy)
    advice = RegimeAdvice(
        regime=wire.regime,
        policy=policy or Policy.CONSERVATIVE,
        confidence_boost=wire.confidence_boost,
        leverage_hint=wire.leverage_hint,
        leverage_bound_by=wire.leverage_bound_by or None,
        is_probe=wire.is_probe,
    )
    return advice if policy is not None and _make_sense(wire) else advice.as_safe()


def _evidence(wire: feedback_pb2.Evidence, caps: tuple[LeverageCap, ...] = ()) -> Evidence:
    policy = POLICIES.get(wire.recommended_policy)
    evidence = Evidence(
        regime=wire.regime,
        recommended_policy=policy or Policy.CONSERVATIVE,
        confidence_boost=wire.confidence_boost,
        # The caps may have changed since it was worked out.
        leverage_hint=min([wire.leverage_hint, *(cap.value for cap in caps)]),
        leverage_bound_by=wire.leverage_bound_by or None,
        policies=tuple(_policy_evidence(each) for each in wire.policies),
        cautions=tuple(wire.cautions),
        observations=wire.observations,
    )
    return evidence if policy is not None and _make_sense(wire) else evidence.as_safe()


def _policy_evidence(wire: feedback_pb2.PolicyEvidence) -> PolicyEvidence:
    return PolicyEvidence(
        policy=POLICIES.get(wire.policy),
        observations=wire.observations,
        effective_observations=wire.effective_observations if wire.HasField("effective_observations") else None,
        mean_pnl=wire.mean_pnl,
        interval_low=wire.interval_low,
        interval_high=wire.interval_high,
        utility=wire.utility,
        probability_best=wire.probability_best,
        probability_beats_conservative=(
            wire.probability_beats_conservative if wire.HasField("probability_beats_conservative") else None
        ),
        probability_mean_positive=wire.probability_mean_positive,
        more_observations=wire.more_observations if wire.HasField("more_observations") else None,
    )


def _make_sense(wire: feedback_pb2.Feedback | feedback_pb2.RegimeAdvice | feedback_pb2.Evidence) -> bool:
    return math.isfinite(wire.confidence_boost) and math.isfinite(wire.leverage_hint)


def _regime(wire: analysis_pb2.RegimeAnalysis) -> RegimeAnalysis:
    return RegimeAnalysis(
        regime=wire.regime,
        sample_count=wire.sample_count,
        total_pnl=wire.total_pnl,
        avg_pnl=wire.avg_pnl,
        wins=wire.wins,
        losses=wire.losses,
        win_rate=wire.win_rate if wire.HasField("win_rate") else None,
        confidence=wire.confidence if wire.HasField("confidence") else None,
        best_policy=POLICIES.get(wire.best_policy),
        policies=tuple(_policy(policy) for policy in wire.policies),
        strategies=tuple(_strategy(strategy) for strategy in wire.strategies),
        episodes=wire.episodes,
        mean_dwell_observations=(wire.mean_dwell_observations if wire.HasField("mean_dwell_observations") else None),
        mean_dwell_seconds=wire.mean_dwell_seconds if wire.HasField("mean_dwell_seconds") else None,
        performance=performance_from_wire(wire.performance) if wire.HasField("performance") else None,
        drift=drift_from_wire(wire.drift) if wire.HasField("drift") else None,
        evidence=_evidence(wire.evidence) if wire.HasField("evidence") else None,
    )


def _policy(wire: analysis_pb2.PolicyAnalysis) -> PolicyAnalysis:
    return PolicyAnalysis(
        policy=POLICIES.get(wire.policy),
        trades=wire.trades,
        avg_pnl=wire.avg_pnl,
        win_rate=wire.win_rate if wire.HasField("win_rate") else None,
        performance=performance_from_wire(wire.performance) if wire.HasField("performance") else None,
        drift=drift_from_wire(wire.drift) if wire.HasField("drift") else None,
    )


def _strategy(wire: analysis_pb2.StrategyAnalysis) -> StrategyAnalysis:
    return StrategyAnalysis(
        strategy=wire.strategy,
        trades=wire.trades,
        avg_pnl=wire.avg_pnl,
        win_rate=wire.win_rate if wire.HasField("win_rate") else None,
    )


def _context(wire: analysis_pb2.Context) -> Context:
    return Context(
        governance_policy=POLICIES.get(wire.governance_policy),
        governance_preferred_regime=wire.governance_preferred_regime or None,
        regime_stats=_mapping(wire.regime_stats) if wire.HasField("regime_stats") else None,
        exposure_summary=_mapping(wire.exposure_summary) if wire.HasField("exposure_summary") else None,
        leverage_limits=_mapping(wire.leverage_limits) if wire.HasField("leverage_limits") else None,
        exit_statistics=_mapping(wire.exit_statistics) if wire.HasField("exit_statistics") else None,
        max_leverage_hint=wire.max_leverage_hint if wire.HasField("max_leverage_hint") else None,
    )


def _mapping(wire: struct_pb2.Struct) -> dict[str, object]:
    return {name: _json_value(value) for name, value in wire.fields.items()}


def _json_value(wire: struct_pb2.Value) -> object:
    match wire.WhichOneof("kind"):
        case "struct_value":
            return _mapping(wire.struct_value)
        case "list_value":
            return [_json_value(value) for value in wire.list_value.values]
        case "number_value":
            return wire.number_value
        case "string_value":
            return wire.string_value
        case "bool_value":
            return wire.bool_value
        case _:
            return None
