"""Every field of the wire arrives, absent ones as None, and nothing that arrives makes the mapping fail."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime
from itertools import product

import pytest
from advice import NOW_MS, any_feedback
from each_case import each_case
from google.protobuf import timestamp_pb2
from hypothesis import given
from repeatable import repeatable

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_client import (
    Feedback,
    FeedbackStatus,
    Heartbeat,
    Policy,
    RegimeAdvice,
    RegimePerformance,
    Rules,
)
from strategic_memory_client.wire import enums
from strategic_memory_client.wire.enums import warn_unknown_on
from strategic_memory_client.wire.from_wire import (
    feedback_from_wire,
    heartbeat_from_wire,
    stream_message_from_wire,
)
from strategic_memory_server.advice.feedback import Feedback as ServerFeedback
from strategic_memory_server.advice.feedback import FeedbackStatus as ServerStatus
from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.rpc.wire.to_wire import feedback_message

WHEN = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


def stamp(second: int) -> timestamp_pb2.Timestamp:
    wire = timestamp_pb2.Timestamp()
    wire.FromDatetime(WHEN.replace(second=second))
    return wire


def full_feedback() -> feedback_pb2.Feedback:
    return feedback_pb2.Feedback(
        revision=2**63,
        epoch="e1",
        status=feedback_pb2.FEEDBACK_STATUS_ACTIVE,
        preferred_regime="BULL",
        updated_policy=feedback_pb2.POLICY_BALANCED,
        confidence_boost=0.61,
        leverage_hint=1.24,
        regime_performance=feedback_pb2.RegimePerformance(avg_pnl=0.3, win_rate=0.0, sample_count=7, wins=4, losses=2),
        current_regime="RANGE",
        timestamp=stamp(1),
        data_as_of=stamp(2),
        valid_until=stamp(3),
        version="1.0.0",
        reasons=[
            feedback_pb2.Reason(
                code="POLICY_RULE",
                sentence="The win rate is high.",
                comparisons=[
                    feedback_pb2.Comparison(measurement="win_rate", value=0.7, operator=">", threshold=0.6, holds=True),
                    feedback_pb2.Comparison(measurement="avg_pnl", operator=">", threshold=0.2),
                ],
            )
        ],
        best_policy=feedback_pb2.POLICY_AGGRESSIVE,
        rules=feedback_pb2.RULES_EVIDENCE,
        current=feedback_pb2.RegimeAdvice(
            regime="RANGE",
            policy=feedback_pb2.POLICY_BALANCED,
            confidence_boost=0.7,
            leverage_hint=1.75,
            leverage_bound_by="evidence:kelly",
        ),
        evidence=feedback_pb2.Evidence(
            regime="RANGE",
            recommended_policy=feedback_pb2.POLICY_AGGRESSIVE,
            confidence_boost=0.8,
            leverage_hint=1.5,
            leverage_bound_by="risk:leverage_limits",
            policies=[
                feedback_pb2.PolicyEvidence(
                    policy=feedback_pb2.POLICY_AGGRESSIVE,
                    observations=9,
                    effective_observations=8.5,
                    mean_pnl=0.1,
                    interval_low=-0.2,
                    interval_high=0.4,
                    utility=0.05,
                    probability_best=0.95,
                    probability_beats_conservative=0.97,
                    probability_mean_positive=0.9,
                    more_observations=0,
                ),
                feedback_pb2.PolicyEvidence(),
            ],
            cautions=["ONE_POLICY_ONLY"],
            observations=2**63,
        ),
        leverage_bound_by="risk:leverage_limits",
    )


def test_what_is_absent_is_none() -> None:
    empty = feedback_from_wire(feedback_pb2.Feedback(regime_performance=feedback_pb2.RegimePerformance()))
    assert empty.regime_performance == RegimePerformance(0.0, None, 0)
    assert (empty.timestamp, empty.data_as_of, empty.valid_until, empty.best_policy) == (None, None, None, None)
    assert feedback_from_wire(feedback_pb2.Feedback()).regime_performance is None
    assert (empty.current, empty.evidence, empty.leverage_bound_by) == (None, None, None)
    assert empty.rules is Rules.REFERENCE, "a server that does not say it has no others"


def assert_safe(feedback: Feedback) -> None:
    assert feedback.updated_policy is Policy.CONSERVATIVE
    assert feedback.confidence_boost == 0.0
    assert feedback.leverage_hint == 1.0
    assert_current_safe(feedback)
    assert_evidence_safe(feedback)


def assert_current_safe(feedback: Feedback) -> None:
    current = feedback.current
    assert current == RegimeAdvice("RANGE", Policy.CONSERVATIVE, 0.0, 1.0, "evidence:kelly")


def assert_evidence_safe(feedback: Feedback) -> None:
    evidence = feedback.evidence
    assert evidence is not None
    assert (evidence.recommended_policy, evidence.confidence_boost, evidence.leverage_hint) == (
        Policy.CONSERVATIVE,
        0.0,
        1.0,
    )
    assert (evidence.observations, len(evidence.policies)) == (2**63, 2), "what was seen stays readable"


def test_a_status_of_the_future_reads_as_stale_and_safe() -> None:
    wire = full_feedback()
    wire.MergeFromString(bytes([3 << 3, 99]))  # an open enum keeps numbers that it does not know
    assert feedback_from_wire(wire).status is FeedbackStatus.STALE
    assert_safe(feedback_from_wire(wire))


def test_a_policy_of_the_future_reads_as_safe() -> None:
    wire = full_feedback()
    wire.MergeFromString(bytes([5 << 3, 99, 15 << 3, 99]))
    assert feedback_from_wire(wire).status is FeedbackStatus.ACTIVE
    assert feedback_from_wire(wire).best_policy is None
    assert_safe(feedback_from_wire(wire))


def test_a_number_that_is_not_known_is_told_once_a_day(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told once in a program: of a server that was rolled back, and came again weeks later, nothing was said."""
    warn_unknown_on.cache_clear()
    now_s = 86_400.0
    monkeypatch.setattr(enums, "monotonic", lambda: now_s)
    wire = full_feedback()
    feedback_from_wire(wire)
    assert caplog.messages == []
    wire.MergeFromString(bytes([3 << 3, 97, 5 << 3, 98]))
    # Whoever follows a part of it reads the safe values as well.
    wire.current.MergeFromString(bytes([2 << 3, 95]))
    wire.evidence.MergeFromString(bytes([2 << 3, 94]))
    heartbeat = feedback_pb2.Heartbeat.FromString(bytes([3 << 3, 96]))
    for _ in range(3):
        feedback_from_wire(wire)
        assert heartbeat_from_wire(heartbeat).status is FeedbackStatus.STALE
    once = {
        ("status", 97),
        ("updated_policy", 98),
        ("current.policy", 95),
        ("evidence.recommended_policy", 94),
        ("status", 96),
    }
    assert {record.args for record in caplog.records} == once
    assert len(caplog.records) == len(once)
    now_s += 86_400.0
    feedback_from_wire(wire)
    assert {record.args for record in caplog.records[len(once) :]} == once - {("status", 96)}


def test_the_leverage_of_the_evidence_is_held_to_the_caps_in_force() -> None:
    wire = full_feedback()
    said = wire.evidence.leverage_hint
    wire.leverage_caps.add(source="exposure:summary", value=said / 2)
    evidence = feedback_from_wire(wire).evidence
    assert evidence is not None
    assert evidence.leverage_hint == said / 2


@each_case("name, value", product(["confidence_boost", "leverage_hint"], [math.nan, math.inf, -math.inf]))
def test_numbers_that_make_no_sense_read_as_safe_and_those_of_a_part_leave_the_rest_alone(
    name: str, value: float
) -> None:
    whole = feedback_from_wire(full_feedback())
    wire = full_feedback()
    setattr(wire, name, value)
    assert_safe(feedback_from_wire(wire))
    wire = full_feedback()
    setattr(wire.current, name, value)
    assert_current_safe(feedback_from_wire(wire))
    assert dataclasses.replace(feedback_from_wire(wire), current=whole.current) == whole
    wire = full_feedback()
    setattr(wire.evidence, name, value)
    assert_evidence_safe(feedback_from_wire(wire))
    assert dataclasses.replace(feedback_from_wire(wire), evidence=whole.evidence) == whole


def test_a_part_with_a_policy_of_the_future_reads_as_safe() -> None:
    wire = full_feedback()
    wire.current.MergeFromString(bytes([2 << 3, 99]))
    wire.evidence.MergeFromString(bytes([2 << 3, 99]))
    wire.MergeFromString(bytes([0x80, 1, 99]))  # field 16
    read = feedback_from_wire(wire)
    assert_current_safe(read)
    assert_evidence_safe(read)
    assert (read.updated_policy, read.rules) == (Policy.BALANCED, None)


@given(any_feedback())
@repeatable(150)
def test_what_the_service_withholds_is_what_the_client_withholds(said: ServerFeedback) -> None:
    active = dataclasses.replace(said, status=ServerStatus.ACTIVE, times=Times(valid_until_ms=NOW_MS))
    withheld = feedback_from_wire(feedback_message(active.at(NOW_MS + 1)))
    by_itself = feedback_from_wire(feedback_message(active)).as_stale()
    assert dataclasses.replace(withheld, reasons=withheld.reasons[1:]) == by_itself


def test_values_of_a_feedback_that_is_not_active_are_safe_whatever_was_sent() -> None:
    wire = full_feedback()
    wire.status = feedback_pb2.FEEDBACK_STATUS_STALE
    assert_safe(feedback_from_wire(wire))


def test_a_time_outside_of_the_calendar_is_not_known() -> None:
    wire = full_feedback()
    wire.timestamp.seconds = 10**15
    wire.valid_until.nanos = -5
    assert feedback_from_wire(wire).timestamp is None
    assert feedback_from_wire(wire).valid_until is None


def test_a_heartbeat_that_says_nothing_is_stale() -> None:
    assert heartbeat_from_wire(feedback_pb2.Heartbeat()) == Heartbeat(0, "", FeedbackStatus.STALE)


def test_a_message_of_a_stream() -> None:
    fed = service_pb2.StreamFeedbackResponse(feedback=full_feedback(), skipped_revisions=3)
    message = stream_message_from_wire(fed)
    assert isinstance(message, Feedback)
    assert (message, message.skipped_revisions) == (feedback_from_wire(full_feedback()), 3)
    beat = service_pb2.StreamFeedbackResponse(heartbeat=feedback_pb2.Heartbeat(revision=1))
    assert isinstance(stream_message_from_wire(beat), Heartbeat)
    assert stream_message_from_wire(service_pb2.StreamFeedbackResponse()) is None
