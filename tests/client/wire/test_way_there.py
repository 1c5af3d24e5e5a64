"""What a proxy or a limit on sizes did is told as that: who did it, and which setting to change.

The words are those that gRPC's C core gave behind nginx, and that Envoy answers with.
"""

from __future__ import annotations

from dataclasses import replace

import grpc
import pytest
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_message, feedback_response
from client.scripted_peer import ScriptedPeer, refusal, send
from client.transports.test_client_follow import OPTIONS
from client.wire.test_status_table import ADDRESS, FailedCall, info
from client.wire.test_status_table import error as error_for

from strategic_memory_client import (
    AccessDeniedError,
    Disconnected,
    FeedbackReceived,
    MessageTooLargeError,
    ResumePointError,
    ServerFaultError,
    ServiceUnavailableError,
    StrategicMemoryClient,
    StrategicMemoryError,
    UnsupportedOperationError,
)
from strategic_memory_client.wire.status_table import error_of

Code = grpc.StatusCode
HTTP = "Received http2 header with status: "
both = pytest.mark.parametrize("made", CALLERS)

MET: list[tuple[Code, str, type[StrategicMemoryError], bool, str]] = [
    (Code.UNKNOWN, HTTP + "413", MessageTooLargeError, False, "nginx: client_max_body_size"),
    (Code.UNAVAILABLE, HTTP + "502", ServiceUnavailableError, True, "cannot reach the service"),
    (Code.UNAVAILABLE, HTTP + "503", ServiceUnavailableError, True, "no service to lead to"),
    (Code.UNAVAILABLE, HTTP + "504", ServiceUnavailableError, True, "grpc_read_timeout"),
    (Code.UNAVAILABLE, HTTP + "429", ServiceUnavailableError, True, "limit of requests"),
    (Code.UNKNOWN, HTTP + "302", ServiceUnavailableError, True, "in place of the service"),
    (Code.PERMISSION_DENIED, HTTP + "403", AccessDeniedError, False, "a proxy in front of"),
    (Code.UNIMPLEMENTED, HTTP + "404", UnsupportedOperationError, False, "has no route"),
    (
        Code.INTERNAL,
        "Stream removed (RST_STREAM (Received RST_STREAM with error code 2))",
        ServiceUnavailableError,
        True,
        "Envoy: `timeout: 0s` of the route",
    ),
    (
        Code.CANCELLED,
        "Received RST_STREAM with error code 8",
        ServiceUnavailableError,
        True,
        "raise the proxy's timeout",
    ),
    (
        Code.UNKNOWN,
        "Stream removed (Data frame with END_STREAM flag received)",
        ServiceUnavailableError,
        True,
        "haproxy: timeout server); or what listens there speaks no gRPC",
    ),
    (Code.UNKNOWN, "No status received", ServiceUnavailableError, True, "was ended without a status"),
    (Code.UNKNOWN, HTTP + "0", ServiceUnavailableError, True, "grpc_pass in place of proxy_pass"),
    (Code.UNAVAILABLE, "Stream removed (Socket closed)", ServiceUnavailableError, True, "ends quiet connections"),
    (
        Code.UNAVAILABLE,
        "x (Trying to connect an http1.x server (HTTP status 400))",
        ServiceUnavailableError,
        True,
        "HTTP/2",
    ),
    (
        Code.UNAVAILABLE,
        "last error: UNAVAILABLE: ipv4:127.0.0.1:6379: Failed parsing HTTP/2 (Expected SETTINGS frame)",
        ServiceUnavailableError,
        True,
        "speaks no gRPC: check the address",
    ),
    (Code.UNAVAILABLE, "upstream request timeout", ServiceUnavailableError, True, "an Envoy in front of"),
    (
        Code.RESOURCE_EXHAUSTED,
        "CLIENT: Received message larger than max (5 vs. 4)",
        MessageTooLargeError,
        False,
        "max_message_bytes",
    ),
    (
        Code.RESOURCE_EXHAUSTED,
        "SERVER: Received message larger than max (5 vs. 4)",
        MessageTooLargeError,
        False,
        "limit on messages",
    ),
    (
        Code.RESOURCE_EXHAUSTED,
        "Sent message larger than max (5 vs. 4)",
        MessageTooLargeError,
        False,
        "limit on messages",
    ),
]


def test_what_was_met_on_the_way_is_named_with_its_setting() -> None:
    for code, words, kind, transient, told in MET:
        made = error_of(FailedCall(code, words, []), ADDRESS)
        assert (type(made), made.transient, made.address) == (kind, transient, ADDRESS), words
        assert told in str(made), words
        assert "\n" not in str(made)


def test_what_the_service_says_itself_comes_before_all_guesses() -> None:
    made = error_for(Code.UNAVAILABLE, info("DRAINING"), text="upstream request timeout")
    assert isinstance(made, ServiceUnavailableError)
    assert made.reason == "DRAINING"
    assert type(error_of(FailedCall(Code.INTERNAL, "it broke", []), ADDRESS)) is ServerFaultError


def test_a_reason_that_only_its_trailer_brought_is_understood() -> None:
    trailing = [
        ("strategic-memory-reason", "EPOCH_CHANGED"),
        ("strategic-memory-current", "9"),
        ("strategic-memory-epoch", "e%202"),
    ]
    made = error_of(FailedCall(Code.OUT_OF_RANGE, "gone", trailing), ADDRESS)
    assert isinstance(made, ResumePointError)
    assert (made.reason, made.current, made.epoch) == ("EPOCH_CHANGED", 9, "e 2")


@both
def test_an_answer_above_the_limit_of_the_client_names_the_option(made: type[BlockingCaller | AsyncCaller]) -> None:
    with ScriptedPeer(send()) as peer, made(peer.address, options=replace(OPTIONS, max_message_bytes=20)) as caller:
        peer.feedback = feedback_message(3)
        with pytest.raises(MessageTooLargeError, match="raise max_message_bytes in its ClientOptions"):
            caller.get_feedback()


@both
def test_a_stream_that_has_worked_is_opened_again_whatever_the_code(made: type[BlockingCaller | AsyncCaller]) -> None:
    first = send(feedback_response(1), then=refusal(Code.INTERNAL))
    codes = [code for code in Code if code not in (Code.OK, Code.INVALID_ARGUMENT, Code.OUT_OF_RANGE)]
    scripts = [first, *(refusal(code) for code in codes), send(feedback_response(2))]
    with ScriptedPeer(*scripts) as peer, made(peer.address, options=OPTIONS) as caller:
        events = caller.stream_events()
        assert isinstance(next(events), FeedbackReceived)
        lost = [next(events) for _ in range(1 + len(codes))]
        assert all(isinstance(event, Disconnected) for event in lost)
        back = next(events)
        assert isinstance(back, FeedbackReceived)
        assert back.feedback.revision == 2


def test_a_stream_that_never_worked_says_so_at_once() -> None:
    with (
        ScriptedPeer(refusal(Code.UNIMPLEMENTED)) as peer,
        StrategicMemoryClient(peer.address, options=OPTIONS) as client,
        pytest.raises(UnsupportedOperationError),
    ):
        next(client.stream_events())
