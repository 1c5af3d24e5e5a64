"""From domain values to messages of the wire."""

from __future__ import annotations

from strategic_memory.v1 import admin_pb2, analysis_pb2, feedback_pb2
from strategic_memory_server.advice.feedback import Advice, Feedback
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures
from strategic_memory_server.entries.input_keys import LEVERAGE_LIMITS
from strategic_memory_server.evidence.view import EvidenceView
from strategic_memory_server.memory.leverage_cap import by_source
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME, StrategicMemory
from strategic_memory_server.rpc.wire.message_writer import Writer, paths_in, timestamp
from strategic_memory_server.rpc.wire.wire_names import POLICIES

_TIMES = {"data_as_of": "times.data_as_of_ms", "valid_until": "times.valid_until_ms"}

# What waits, and since when, is said by the reasons.
_OF_ADVICE = paths_in("advice", Advice, without=("followed",))
_FEEDBACK = Writer(feedback_pb2.Feedback, {**_OF_ADVICE, **_TIMES, "timestamp": "times.computed_at_ms"})
_HEARTBEAT = Writer(feedback_pb2.Heartbeat, {**_TIMES, "leverage_caps": "advice.leverage_caps"}, given=("timestamp",))
_ADMIN_STATE = Writer(admin_pb2.AdminState, given=("is_in_force", "pending", "feedback", "portfolio"))
_EVIDENCE = Writer(feedback_pb2.Evidence)
_OF_ANALYSIS = {"current_regime", "sample_count", "data_as_of"}
_ANALYSIS = Writer(analysis_pb2.Analysis, given=set(analysis_pb2.Analysis.DESCRIPTOR.fields_by_name) - _OF_ANALYSIS)
_REGIME = Writer(
    analysis_pb2.RegimeAnalysis,
    given={
        "policies",
        "strategies",
        "episodes",
        "mean_dwell_observations",
        "mean_dwell_seconds",
        "performance",
        "drift",
        "evidence",
    },
)
_POLICY = Writer(analysis_pb2.PolicyAnalysis, given=("policy", "performance", "drift"))
_SOURCE = Writer(analysis_pb2.SourceReport)
_CONTEXT = Writer(analysis_pb2.Context, given=("max_leverage_hint",))


def feedback_message(feedback: Feedback) -> feedback_pb2.Feedback:
    """Return a feedback as a message."""
    return _FEEDBACK.write(feedback)


def heartbeat_message(feedback: Feedback, now_ms: int) -> feedback_pb2.Heartbeat:
    """Return a heartbeat about the feedback in force."""
    return _HEARTBEAT.write(feedback, timestamp=timestamp(now_ms))


def admin_state_message(
    intervention: Intervention, feedback: Feedback, *, is_in_force: bool, pending: str, portfolio: str = ""
) -> admin_pb2.AdminState:
    """Return what operators have said, and whether the feedback in force is under it."""
    return _ADMIN_STATE.write(
        intervention,
        is_in_force=is_in_force,
        pending=pending,
        feedback=feedback_message(feedback),
        portfolio=portfolio,
    )


def evidence_message(evidence: EvidenceView | None) -> feedback_pb2.Evidence | None:
    """Return what all trades so far say; None stays absent."""
    return None if evidence is None else _EVIDENCE.write(evidence)


def analysis_message(analysis: Analysis, memory: StrategicMemory) -> analysis_pb2.Analysis:
    """Return an analysis together with what was read for it."""
    known, context = analysis.known_regimes, memory.context
    limit = by_source(context.leverage_caps).get(LEVERAGE_LIMITS)
    return _ANALYSIS.write(
        analysis,
        regimes=[_regime(figures) for figures in analysis.regimes],
        preferred_regime=known[0].regime if known else UNKNOWN_REGIME,
        sources=[_SOURCE.write(report) for report in memory.sources],
        context=_CONTEXT.write(context, max_leverage_hint=limit),
    )


def _regime(figures: RegimeFigures) -> analysis_pb2.RegimeAnalysis:
    policies = [_POLICY.write(trades, policy=POLICIES[policy]) for policy, trades in figures.policies]
    return _REGIME.write(figures, policies=policies)
