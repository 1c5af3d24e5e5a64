"""From what the client library hands out to the values of a history."""

from __future__ import annotations

from datetime import datetime

from history.from_wire import feedback_of
from history.model import Feedback

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client import Feedback as ClientFeedback
from strategic_memory_client import Reason, RegimePerformance


def feedback_of_client(feedback: ClientFeedback) -> Feedback:
    """Give a feedback, by way of the message that it was read from."""
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
    )
    if feedback.valid_until is not None:
        message.valid_until.FromDatetime(_naive(feedback.valid_until))
    return feedback_of(message)


def _naive(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


def _policy(policy: str | None) -> feedback_pb2.Policy.ValueType:
    return feedback_pb2.Policy.Value(f"POLICY_{policy or 'UNSPECIFIED'}")


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
