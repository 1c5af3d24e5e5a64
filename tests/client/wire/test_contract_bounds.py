"""Answers that no server of any version may give: refused, told once, and the validity brings the safe values."""

from __future__ import annotations

import logging
import math
import re
from datetime import UTC, datetime

import pytest
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_message, heartbeat_response
from client.scripted_peer import ScriptedPeer, send
from client.transports.test_client_follow import OPTIONS, eventually_newest

from strategic_memory.v1 import analysis_pb2, feedback_pb2, service_pb2
from strategic_memory_client import FeedbackStatus, InvalidAnswerError
from strategic_memory_client.wire.contract_bounds import require_within_contract

both = pytest.mark.parametrize("made", CALLERS)


def message(**changes: object) -> feedback_pb2.Feedback:
    made = feedback_message(3)
    made.MergeFrom(feedback_pb2.Feedback(**changes))  # type: ignore[arg-type]  # named by the tests
    return made


def test_what_cannot_be_is_refused_by_name() -> None:
    bad = {
        "leverage_hint": [
            *(message(leverage_hint=value) for value in (50.0, 2.01, -0.1, math.nan, math.inf, -math.inf)),
            message(leverage_hint=1.5, leverage_caps=[feedback_pb2.LeverageCap(source="risk", value=0.5)]),
        ],
        "confidence_boost": [message(confidence_boost=value) for value in (80.0, 1.01, -0.5, math.nan, math.inf)],
        "current.leverage_hint": [message(current=feedback_pb2.RegimeAdvice(leverage_hint=3.0))],
        "current.confidence_boost": [message(current=feedback_pb2.RegimeAdvice(confidence_boost=math.nan))],
        "evidence.leverage_hint": [message(evidence=feedback_pb2.Evidence(leverage_hint=-1.0))],
        "evidence.confidence_boost": [message(evidence=feedback_pb2.Evidence(confidence_boost=2.0))],
        "regime_performance.win_rate": [
            message(regime_performance=feedback_pb2.RegimePerformance(win_rate=value))
            for value in (1.5, -1.0, math.nan)
        ],
    }
    for field, messages in bad.items():
        for each in messages:
            with pytest.raises(InvalidAnswerError, match="taken as not heard") as caught:
                require_within_contract(each, "127.0.0.1:50051")
            assert [violation.field for violation in caught.value.violations] == [field], each


def test_how_far_it_is_outside_is_said_to_the_last_digit() -> None:
    said = "leverage_hint is 2.0000001, not 0 to 2; confidence_boost is 1.0000001, not 0 to 1"
    with pytest.raises(InvalidAnswerError, match=re.escape(said)):
        require_within_contract(message(leverage_hint=2.0000001, confidence_boost=1.0000001), "127.0.0.1:50051")


def test_all_that_can_be_is_taken() -> None:
    capped = [feedback_pb2.LeverageCap(source="risk", value=value) for value in (1.5, 7.0, math.nan)]
    for good in (
        feedback_pb2.Feedback(),
        message(leverage_hint=2.0, confidence_boost=1.0),
        message(leverage_hint=1.5, leverage_caps=capped),
        message(status=feedback_pb2.FEEDBACK_STATUS_STALE, leverage_hint=1e-300, confidence_boost=1e-300),
    ):
        require_within_contract(good, "127.0.0.1:50051")


@both
def test_a_call_is_answered_by_the_next_server(made: type[BlockingCaller | AsyncCaller]) -> None:
    with ScriptedPeer(send()) as bad, ScriptedPeer(send()) as good:
        bad.feedback, good.feedback = message(leverage_hint=50.0), feedback_message(3)
        bad.analysis = good.analysis = analysis_pb2.Analysis()
        with made(bad.address, options=OPTIONS) as caller:
            for ask in (caller.get_feedback, caller.analyze):
                with pytest.raises(InvalidAnswerError, match="leverage_hint is 50"):
                    ask()
        with made(bad.address, good.address, options=OPTIONS) as caller:
            assert caller.get_feedback().leverage_hint == caller.analyze().feedback.leverage_hint == 1.5


@both
def test_the_newest_keeps_what_it_has_until_its_validity_is_over(
    made: type[BlockingCaller | AsyncCaller], caplog: pytest.LogCaptureFixture
) -> None:
    forged = service_pb2.StreamFeedbackResponse(feedback=message(revision=4, leverage_hint=50.0))
    sound = service_pb2.StreamFeedbackResponse(feedback=feedback_message(3, valid_for_s=1.0))
    sound.sent_at.FromDatetime(datetime.now(UTC))
    with ScriptedPeer(send(sound, heartbeat_response(4), forged), send(forged)) as peer:
        peer.feedback = forged.feedback
        with made(peer.address, options=OPTIONS) as caller:
            caller.follow()
            assert caller.wait_for_newest().revision == 3
            last = eventually_newest(caller, lambda newest: newest.status is FeedbackStatus.STALE)
            assert (last.revision, last.leverage_hint) == (3, 1.0)
            # It may be over before what came is read. A third stream is asked for once two were refused.
            eventually_newest(caller, lambda _: len(peer.requests) > 2)
            # gRPC's poller complains on asyncio's logger about event loops that earlier tests have closed.
            ours = [each for each in caplog.records if each.name.startswith("strategic_memory_client")]
            told = [each.getMessage() for each in ours if each.levelno >= logging.WARNING]
            assert ["leverage_hint is 50" in each for each in told] == [True], "once"
