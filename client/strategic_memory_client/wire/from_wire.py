"""Wire messages as values of this library. Nothing a server sends makes this fail: the unreadable is safe."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import replace
from datetime import datetime

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_client.values.heartbeats import Heartbeat
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.problems import Problem
from strategic_memory_client.values.results import Evidence, Feedback, FeedbackStatus, LeverageCap, RegimeAdvice, Rules
from strategic_memory_client.wire.by_field_names import FieldReader
from strategic_memory_client.wire.contract_bounds import require_portfolio, require_within_contract
from strategic_memory_client.wire.enums import members, warn_unknown
from strategic_memory_client.wire.times import time_from_wire

STATUSES = members(FeedbackStatus, feedback_pb2.FeedbackStatus.DESCRIPTOR)
POLICIES = members(Policy, feedback_pb2.Policy.DESCRIPTOR)
"""What is known here, by the numbers of the wire."""


def feedback_from_wire(wire: feedback_pb2.Feedback) -> Feedback:
    """Return the feedback; with the safe values where its status, policy or numbers are not understood."""
    _tell_unknown("status", wire.status, STATUSES)
    _tell_unknown("updated_policy", wire.updated_policy, POLICIES)
    feedback = READER.read(Feedback, wire)
    evidence = feedback.evidence
    if evidence is not None and feedback.leverage_caps:
        # The caps may have changed since it was worked out.
        lowest = min(evidence.leverage_hint, *(cap.value for cap in feedback.leverage_caps))
        feedback = replace(feedback, evidence=replace(evidence, leverage_hint=lowest))
    is_understood = wire.updated_policy in POLICIES and _make_sense(feedback)
    return feedback if feedback.status is FeedbackStatus.ACTIVE and is_understood else feedback.as_safe()


def heartbeat_from_wire(wire: feedback_pb2.Heartbeat) -> Heartbeat:
    """Return the heartbeat; one with a status that is not understood is STALE."""
    if wire.status:  # one that says none is of no later version
        _tell_unknown("status", wire.status, STATUSES)
    return READER.read(Heartbeat, wire)


def stream_message_from_wire(
    wire: service_pb2.StreamFeedbackResponse, address: str = "", portfolio: str = ""
) -> Feedback | Heartbeat | None:
    """Return what one message of a stream carries; None for a kind that this library does not know.

    Raises InvalidAnswerError for what the contract rules out, UnsupportedOperationError for another portfolio.
    """
    require_portfolio(wire.portfolio, portfolio, address)
    match wire.WhichOneof("event"):
        case "feedback":
            require_within_contract(wire.feedback, address)
            feedback = feedback_from_wire(wire.feedback)
            return replace(
                feedback,
                skipped_revisions=wire.skipped_revisions,
                sent_at=_sent_at(wire),
                portfolio=wire.portfolio,
            )
        case "heartbeat":
            return heartbeat_from_wire(wire.heartbeat)
        case _:
            return None


def answer_from_wire(wire: service_pb2.GetFeedbackResponse) -> Feedback:
    """Return the feedback that GetFeedback answers with."""
    return replace(feedback_from_wire(wire.feedback), sent_at=_sent_at(wire), portfolio=wire.portfolio)


def problems_from_wire(wire: service_pb2.GetFeedbackResponse) -> tuple[Problem, ...]:
    """Return the problems of the server that answered; none from one of before there were any."""
    return tuple(Problem(problem.name, problem.sentence) for problem in wire.problems)


def _tell_unknown(field: str, number: int, known: Container[int]) -> None:
    if number not in known:
        warn_unknown(field, number)


def _sent_at(wire: service_pb2.StreamFeedbackResponse | service_pb2.GetFeedbackResponse) -> datetime | None:
    return time_from_wire(wire.sent_at) if wire.HasField("sent_at") else None


def _cap(wire: feedback_pb2.LeverageCap) -> LeverageCap:
    cap = READER.read(LeverageCap, wire)
    # One that makes no sense is the strictest there is: to leave it out would lift it.
    return cap if math.isfinite(cap.value) and cap.value >= 0.0 else replace(cap, value=0.0)


def _current(wire: feedback_pb2.RegimeAdvice) -> RegimeAdvice:
    _tell_unknown("current.policy", wire.policy, POLICIES)
    advice = READER.read(RegimeAdvice, wire)
    return advice if wire.policy in POLICIES and _make_sense(advice) else advice.as_safe()


def _evidence(wire: feedback_pb2.Evidence) -> Evidence:
    _tell_unknown("evidence.recommended_policy", wire.recommended_policy, POLICIES)
    evidence = READER.read(Evidence, wire)
    return evidence if wire.recommended_policy in POLICIES and _make_sense(evidence) else evidence.as_safe()


def _rules(number: int) -> Rules | None:
    # A server that does not say it has no others than the reference rules.
    return _RULES.get(number or feedback_pb2.RULES_REFERENCE)


def _make_sense(said: Feedback | RegimeAdvice | Evidence) -> bool:
    return math.isfinite(said.confidence_boost) and math.isfinite(said.leverage_hint)


_RULES = members(Rules, feedback_pb2.Rules.DESCRIPTOR)
READER = FieldReader(
    own={LeverageCap: _cap, RegimeAdvice: _current, Evidence: _evidence, Rules: _rules},
    fallbacks={Policy: Policy.CONSERVATIVE, FeedbackStatus: FeedbackStatus.STALE},
)
"""Reads what a feedback is made of, wherever it occurs."""
