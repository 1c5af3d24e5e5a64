"""VALID: nothing is ACTIVE after its validity, and heartbeats keep order with feedback (contract 5.6, 6)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from history.evidence import Evidence, streams
from history.model import (
    Answer,
    Delivery,
    FeedbackMessage,
    HeartbeatMessage,
    Position,
    Status,
    Stream,
)
from history.promises import CLOCK_SET_FORWARD, Promise, Violation

_ROUNDING_MS = 1.0


def valid(evidence: Evidence) -> Iterator[Violation]:
    """Find advice that was given after its validity or withdrawn before, and heartbeats that jump the queue."""
    for where, subscriber, stream in streams(evidence.history):
        for problem in _on_stream(stream, evidence, slow=subscriber.slow):
            yield Violation(Promise.VALID, where, problem)
    for answer in evidence.history.answers:
        problem = _in_answer(answer, evidence)
        if problem:
            yield Violation(Promise.VALID, f"GetFeedback at {answer.address}", problem)


def _on_stream(stream: Stream, evidence: Evidence, *, slow: bool) -> Iterator[str]:
    reached = stream.opening.resume_after
    for message in stream.messages:
        if isinstance(message, HeartbeatMessage):
            problem = _in_heartbeat(message) or _out_of_order(message, reached)
        else:
            problem = _in_message(message, stream, evidence, slow=slow)
            here = message.feedback.position
            if reached is None or reached.epoch != here.epoch or here.revision > reached.revision:
                reached = here
        if problem:
            yield problem


def _in_message(message: FeedbackMessage, stream: Stream, evidence: Evidence, *, slow: bool) -> str:
    feedback = message.feedback
    said_by_ms = message.at_ms
    if slow or evidence.log.fault_during(feedback.valid_until_ms or 0.0, message.at_ms):
        # It may have waited on its way; all that is sure is that it was said after the stream was opened.
        said_by_ms = stream.opening.opened_ms
    clock_ms = evidence.tolerances.clock_ms
    position = feedback.position
    followed = evidence.log.newest_at(position.epoch, message.at_ms + clock_ms) > position.revision
    if stream.opening.delivery is Delivery.EVERY and followed:
        # What was published earlier comes as it was said then (docs/streams.md).
        said_by_ms = 0.0
    return _validity(
        position,
        feedback.status,
        feedback.valid_until_ms,
        not_before_ms=said_by_ms - clock_ms,
        not_after_ms=_latest_ms(message.at_ms, evidence),
    )


def _in_answer(answer: Answer, evidence: Evidence) -> str:
    feedback, clock_ms = answer.feedback, evidence.tolerances.clock_ms
    return _validity(
        feedback.position,
        feedback.status,
        feedback.valid_until_ms,
        not_before_ms=answer.asked_ms - clock_ms,
        not_after_ms=_latest_ms(answer.at_ms, evidence),
    )


def _latest_ms(at_ms: float, evidence: Evidence) -> float:
    """Return the latest time that it can have been for a server whose message came at a time."""
    is_ahead = evidence.log.fault_during(at_ms, at_ms, CLOCK_SET_FORWARD)
    return math.inf if is_ahead else at_ms + evidence.tolerances.clock_ms


def _in_heartbeat(message: HeartbeatMessage) -> str:
    """Compare times of the server's clock alone, so that nothing depends on how long the message took."""
    if message.sent_ms is None:
        return f"a heartbeat at revision {message.position} does not say when it was sent"
    return _validity(
        message.position,
        message.status,
        message.valid_until_ms,
        not_before_ms=message.sent_ms - _ROUNDING_MS,
        not_after_ms=message.sent_ms + _ROUNDING_MS,
    )


def _validity(
    position: Position, status: Status, valid_until_ms: float | None, *, not_before_ms: float, not_after_ms: float
) -> str:
    """Judge a status that was worked out in a known span of time; "" when it can be right."""
    if status is Status.ACTIVE and valid_until_ms is None:
        return f"revision {position} is ACTIVE and has no validity"
    if status is Status.ACTIVE and valid_until_ms is not None and valid_until_ms < not_before_ms:
        return f"revision {position} is ACTIVE {not_before_ms - valid_until_ms:.0f} ms after its validity"
    if status is Status.STALE and valid_until_ms is not None and valid_until_ms > not_after_ms:
        return f"revision {position} is STALE {valid_until_ms - not_after_ms:.0f} ms before its validity ends"
    return ""


def _out_of_order(message: HeartbeatMessage, reached: Position | None) -> str:
    """Compare a heartbeat with what its stream had come to; other checks look at what is of another epoch."""
    here = message.position
    if reached is None or here.revision == reached.revision:
        return ""
    if reached.revision and reached.epoch not in ("", here.epoch):
        return ""
    what = "goes back to" if here.revision < reached.revision else "is ahead of its feedback: it tells"
    return f"a heartbeat after revision {reached} {what} {here}"
