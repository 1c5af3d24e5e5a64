"""What a program prints is read as it is meant, and what it loses or doubles is found."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import ParseError
from history.history_recorder import HistoryRecorder
from history.model import Delivery, FeedbackMessage, History, Status
from history.promises import Promise
from history.small_history import broken
from languages.kills import Outcome
from languages.program import Library, Program
from languages.told_lines import feedback_of_line

SAFE = {"status": "STALE", "updatedPolicy": "CONSERVATIVE", "confidenceBoost": 0, "leverageHint": 1}


def feedback(revision: int) -> dict[str, Any]:
    return {"event": "feedback", "feedback": {"revision": revision, "epoch": "e", "leverageBoundBy": None, **SAFE}}


def recorded(delivery: Delivery, *lines: dict[str, Any]) -> Program:
    recorder = HistoryRecorder("redis://127.0.0.1:1")
    program = Program(Library("Fake", ("false",)), ("127.0.0.1:1",), delivery, recorder)
    for line in lines:
        program.take(line)
    return program


def outcome(program: Program) -> Outcome:
    every = recorded(Delivery.EVERY, *(feedback(revision) for revision in range(1, 6)))
    (stream,) = every.recorded().streams
    messages = [each for each in stream.messages if isinstance(each, FeedbackMessage)]
    return Outcome(history=History(publishes=tuple(messages)), programs=[program])  # type: ignore[arg-type]


def test_both_ways_to_write_the_fields_are_read() -> None:
    camel, skipped = feedback_of_line({**feedback(3)["feedback"], "skippedRevisions": 2, "sentAt": "x"})
    snake = {"revision": "3", "epoch": "e", "status": "FEEDBACK_STATUS_STALE", "updated_policy": "POLICY_CONSERVATIVE"}
    assert camel == feedback_of_line({**snake, "confidence_boost": 0, "leverage_hint": 1.0})[0]
    assert (skipped, camel.status, camel.advice.policy) == (2, Status.STALE, "POLICY_CONSERVATIVE")


def test_a_field_that_the_wire_does_not_have_is_no_feedback() -> None:
    with pytest.raises(ParseError, match="leverage"):
        feedback_of_line({"revision": 3, "leverage": 1.0})


def test_what_is_lost_or_doubled_is_found() -> None:
    whole = recorded(Delivery.EVERY, *(feedback(revision) for revision in (2, 3, 4, 5)))
    assert (outcome(whole).gaps(whole), outcome(whole).doubles(whole)) == (0, 0)
    faulty = recorded(Delivery.EVERY, *(feedback(revision) for revision in (2, 3, 3, 5)))
    assert (outcome(faulty).gaps(faulty), outcome(faulty).doubles(faulty)) == (1, 1)
    promises = broken(*faulty.recorded().streams)
    assert promises >= {Promise.ORDERED, Promise.GAP_FREE}


def test_a_loss_is_what_it_says_until_the_next_message() -> None:
    lost = {"event": "disconnected", "error": "ServiceUnavailableError", "reason": "DRAINING", "retryInMs": 5}
    away = recorded(Delivery.LATEST, feedback(2), lost, lost)
    program = recorded(Delivery.LATEST, feedback(2), lost, lost, {"event": "heartbeat"})
    assert (away.is_open, program.is_open) == (False, True)
    assert program.lost_to == {"ServiceUnavailableError DRAINING": 2}
    assert len(program.away_s) == 1
