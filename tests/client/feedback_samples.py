"""Feedbacks and heartbeats for tests, as values and on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_client import Feedback, FeedbackStatus, Heartbeat, Policy

T0 = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def feedback(
    revision: int = 1,
    epoch: str = "e1",
    status: FeedbackStatus = FeedbackStatus.ACTIVE,
    *,
    valid_until: datetime | None = T0 + timedelta(minutes=3),
    skipped: int = 0,
) -> Feedback:
    return Feedback(
        revision=revision,
        epoch=epoch,
        status=status,
        preferred_regime="BULL",
        updated_policy=Policy.AGGRESSIVE,
        confidence_boost=0.75,
        leverage_hint=1.5,
        valid_until=valid_until,
        version="1.0.0",
        skipped_revisions=skipped,
    )


def heartbeat(
    revision: int = 1,
    epoch: str = "e1",
    status: FeedbackStatus = FeedbackStatus.ACTIVE,
    *,
    valid_until: datetime | None = T0 + timedelta(minutes=3),
    timestamp: datetime | None = None,
) -> Heartbeat:
    return Heartbeat(revision, epoch, status, valid_until=valid_until, timestamp=timestamp)


def feedback_message(
    revision: int = 1,
    epoch: str = "e1",
    *,
    status: feedback_pb2.FeedbackStatus.ValueType = feedback_pb2.FEEDBACK_STATUS_ACTIVE,
    valid_for_s: float = 60.0,
) -> feedback_pb2.Feedback:
    message = feedback_pb2.Feedback(
        revision=revision,
        epoch=epoch,
        status=status,
        preferred_regime="BULL",
        updated_policy=feedback_pb2.POLICY_AGGRESSIVE,
        confidence_boost=0.75,
        leverage_hint=1.5,
        current_regime="BULL",
        version="1.0.0",
    )
    message.valid_until.FromDatetime(datetime.now(UTC) + timedelta(seconds=valid_for_s))
    return message


def with_evidence(message: feedback_pb2.Feedback) -> feedback_pb2.Feedback:
    """The feedback under the evidence rules: with an advice for the current regime, and with the evidence."""
    message.rules = feedback_pb2.RULES_EVIDENCE
    message.leverage_bound_by = "risk:leverage_limits"
    message.current.CopyFrom(
        feedback_pb2.RegimeAdvice(
            regime="BULL", policy=feedback_pb2.POLICY_BALANCED, confidence_boost=0.6, leverage_hint=1.25, is_probe=True
        )
    )
    policies = [
        feedback_pb2.PolicyEvidence(
            policy=policy,
            observations=10 * policy,
            mean_pnl=0.1 * policy,
            probability_best=best,
            more_observations=more,
        )
        for policy, best, more in (
            (feedback_pb2.POLICY_CONSERVATIVE, 0.05, None),
            (feedback_pb2.POLICY_BALANCED, 0.9, None),
            (feedback_pb2.POLICY_AGGRESSIVE, 0.05, 150),
        )
    ]
    message.evidence.CopyFrom(
        feedback_pb2.Evidence(
            regime="BULL",
            recommended_policy=feedback_pb2.POLICY_BALANCED,
            confidence_boost=0.8,
            leverage_hint=1.4,
            leverage_bound_by="cap\x1b[2J",
            policies=policies,
            cautions=["ONE_POLICY_IN_REGIME"],
            observations=60,
        )
    )
    return message


def feedback_response(revision: int = 1, epoch: str = "e1", skipped: int = 0) -> service_pb2.StreamFeedbackResponse:
    return service_pb2.StreamFeedbackResponse(feedback=feedback_message(revision, epoch), skipped_revisions=skipped)


def heartbeat_response(
    revision: int = 1,
    epoch: str = "e1",
    *,
    status: feedback_pb2.FeedbackStatus.ValueType = feedback_pb2.FEEDBACK_STATUS_ACTIVE,
    valid_for_s: float = 60.0,
) -> service_pb2.StreamFeedbackResponse:
    message = feedback_pb2.Heartbeat(revision=revision, epoch=epoch, status=status)
    now = datetime.now(UTC)
    message.timestamp.FromDatetime(now)
    message.valid_until.FromDatetime(now + timedelta(seconds=valid_for_s))
    return service_pb2.StreamFeedbackResponse(heartbeat=message)
