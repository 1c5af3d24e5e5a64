"""From domain values to messages of the wire."""

from __future__ import annotations

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from strategic_memory.v1 import analysis_pb2, feedback_pb2
from strategic_memory_server.advice.feedback import Feedback, RegimePerformance
from strategic_memory_server.advice.rules.reasons import Reason
from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures, TradeFigures
from strategic_memory_server.entries.input_keys import LEVERAGE_LIMITS
from strategic_memory_server.memory.json_types import JsonObject
from strategic_memory_server.memory.leverage_cap import LeverageCaps, by_source
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME, Context, SourceReport, StrategicMemory
from strategic_memory_server.rpc.wire.evidence_to_wire import current_message, evidence_message
from strategic_memory_server.rpc.wire.wire_names import POLICIES, RULES, STATUSES


def timestamp(time_ms: int | None) -> Timestamp | None:
    """Give a time in milliseconds since 1970-01-01 UTC; None stays absent."""
    if time_ms is None:
        return None
    seconds, rest_ms = divmod(time_ms, 1000)
    return Timestamp(seconds=seconds, nanos=rest_ms * 1_000_000)


def feedback_message(feedback: Feedback) -> feedback_pb2.Feedback:
    """Give a feedback."""
    advice = feedback.advice
    return feedback_pb2.Feedback(
        revision=feedback.revision,
        epoch=feedback.epoch,
        status=STATUSES[feedback.status],
        preferred_regime=advice.preferred_regime,
        updated_policy=POLICIES[advice.updated_policy],
        confidence_boost=advice.confidence_boost,
        leverage_hint=advice.leverage_hint,
        regime_performance=_performance(advice.regime_performance),
        current_regime=advice.current_regime,
        timestamp=timestamp(feedback.times.computed_at_ms),
        data_as_of=timestamp(feedback.times.data_as_of_ms),
        valid_until=timestamp(feedback.times.valid_until_ms),
        version=advice.version,
        reasons=[_reason(reason) for reason in advice.reasons],
        best_policy=POLICIES[advice.best_policy],
        rules=RULES[advice.rules],
        current=current_message(advice.current),
        evidence=evidence_message(advice.evidence),
        leverage_bound_by=advice.leverage_bound_by or "",
        leverage_caps=_caps(advice.leverage_caps),
    )


def heartbeat_message(feedback: Feedback, now_ms: int) -> feedback_pb2.Heartbeat:
    """Give a heartbeat about the feedback in force."""
    return feedback_pb2.Heartbeat(
        revision=feedback.revision,
        epoch=feedback.epoch,
        status=STATUSES[feedback.status],
        data_as_of=timestamp(feedback.times.data_as_of_ms),
        valid_until=timestamp(feedback.times.valid_until_ms),
        timestamp=timestamp(now_ms),
        leverage_caps=_caps(feedback.advice.leverage_caps),
    )


def analysis_message(analysis: Analysis, memory: StrategicMemory) -> analysis_pb2.Analysis:
    """Give an analysis together with what was read for it."""
    known = analysis.known_regimes
    return analysis_pb2.Analysis(
        regimes=[_regime(figures) for figures in analysis.regimes],
        current_regime=analysis.current_regime,
        preferred_regime=known[0].regime if known else UNKNOWN_REGIME,
        sources=[_source(report) for report in memory.sources],
        sample_count=analysis.sample_count,
        data_as_of=timestamp(analysis.data_as_of_ms),
        context=_context(memory.context),
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


def _caps(caps: LeverageCaps) -> list[feedback_pb2.LeverageCap]:
    return [feedback_pb2.LeverageCap(source=cap.source, value=cap.value, since=timestamp(cap.since_ms)) for cap in caps]


def _reason(reason: Reason) -> feedback_pb2.Reason:
    return feedback_pb2.Reason(
        code=reason.code,
        sentence=reason.sentence,
        comparisons=[
            feedback_pb2.Comparison(
                measurement=comparison.measurement,
                value=comparison.value,
                operator=comparison.operator,
                threshold=comparison.threshold,
                holds=comparison.holds,
            )
            for comparison in reason.comparisons
        ],
    )


def _regime(figures: RegimeFigures) -> analysis_pb2.RegimeAnalysis:
    return analysis_pb2.RegimeAnalysis(
        regime=figures.regime,
        sample_count=figures.sample_count,
        total_pnl=figures.total_pnl,
        avg_pnl=figures.avg_pnl,
        wins=figures.wins,
        losses=figures.losses,
        win_rate=figures.win_rate,
        confidence=figures.confidence,
        best_policy=POLICIES[figures.best_policy],
        policies=[_policy(policy, trades) for policy, trades in figures.policies],
    )


def _policy(policy: Policy, figures: TradeFigures) -> analysis_pb2.PolicyAnalysis:
    return analysis_pb2.PolicyAnalysis(
        policy=POLICIES[policy], trades=figures.trades, avg_pnl=figures.avg_pnl, win_rate=figures.win_rate
    )


def _source(report: SourceReport) -> analysis_pb2.SourceReport:
    return analysis_pb2.SourceReport(
        source=report.source, accepted=report.accepted, rejected=report.rejected, noted=report.noted
    )


def _context(context: Context) -> analysis_pb2.Context:
    return analysis_pb2.Context(
        governance_policy=POLICIES[context.governance_policy],
        governance_preferred_regime=context.governance_preferred_regime or "",
        regime_stats=_struct(context.regime_stats),
        exposure_summary=_struct(context.exposure_summary),
        leverage_limits=_struct(context.leverage_limits),
        exit_statistics=_struct(context.exit_statistics),
        max_leverage_hint=by_source(context.leverage_caps).get(LEVERAGE_LIMITS),
    )


def _struct(value: JsonObject | None) -> Struct | None:
    if value is None:
        return None
    struct = Struct()
    struct.update(value)
    return struct
