"""One row of the table each: what a status and its details become."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc
import pytest
from each_case import each_case
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from strategic_memory_client import (
    AccessDeniedError,
    CallCancelledError,
    DeadlineExceededError,
    FieldViolation,
    InterventionRefusedError,
    InvalidRequestError,
    MessageTooLargeError,
    ResourceExhaustedError,
    ResumePointError,
    ServerFaultError,
    ServiceUnavailableError,
    StrategicMemoryError,
    TooManySubscribersError,
    UnsupportedOperationError,
)
from strategic_memory_client.wire.lost_answers import MAY_HOLD, LostAnswers
from strategic_memory_client.wire.status_table import error_of

ADDRESS = "127.0.0.1:50051"


class FailedCall(grpc.RpcError):
    """Carries a status the way a finished call does."""

    def __init__(self, code: grpc.StatusCode, text: str | None, trailing: Iterable[tuple[str, str | bytes]]) -> None:
        super().__init__()
        self._code, self._text, self._trailing = code, text, trailing

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str | None:
        return self._text

    def trailing_metadata(self) -> tuple[Any, ...]:
        return tuple(self._trailing)


def error(code: grpc.StatusCode, *details: Message, text: str | None = "what the server said") -> StrategicMemoryError:
    status = status_pb2.Status(code=code.value[0], message=text or "")
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    trailing: list[tuple[str, str | bytes]] = [("other", "x"), ("grpc-status-details-bin", status.SerializeToString())]
    return error_of(FailedCall(code, text, trailing), ADDRESS)


def info(reason: str, domain: str = "strategic_memory.v1", **metadata: str) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain=domain, metadata=metadata)


@each_case(
    ("code", "kind", "transient"),
    [
        (grpc.StatusCode.CANCELLED, CallCancelledError, True),
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidRequestError, False),
        (grpc.StatusCode.DEADLINE_EXCEEDED, DeadlineExceededError, True),
        (grpc.StatusCode.PERMISSION_DENIED, AccessDeniedError, False),
        (grpc.StatusCode.UNAUTHENTICATED, AccessDeniedError, False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, ResourceExhaustedError, True),
        (grpc.StatusCode.OUT_OF_RANGE, ResumePointError, False),
        (grpc.StatusCode.UNIMPLEMENTED, UnsupportedOperationError, False),
        (grpc.StatusCode.UNAVAILABLE, ServiceUnavailableError, True),
        (grpc.StatusCode.INTERNAL, ServerFaultError, True),
        (grpc.StatusCode.UNKNOWN, ServerFaultError, True),
        (grpc.StatusCode.DATA_LOSS, ServerFaultError, True),
        (grpc.StatusCode.ABORTED, ServerFaultError, True),
    ],
)
def test_a_status_without_details(code: grpc.StatusCode, kind: type[StrategicMemoryError], *, transient: bool) -> None:
    for made in (error(code), error(code, text=None)):
        assert type(made) is kind
        assert made.transient is transient
        assert made.address == ADDRESS


def test_every_status_is_an_error_of_this_library() -> None:
    assert all(isinstance(error(code), StrategicMemoryError) for code in grpc.StatusCode)


def test_a_bad_request_names_the_fields() -> None:
    violation = error_details_pb2.BadRequest.FieldViolation(field="settings.trade_window", description="is 0")
    made = error(
        grpc.StatusCode.INVALID_ARGUMENT, info("X"), error_details_pb2.BadRequest(field_violations=[violation])
    )
    assert isinstance(made, InvalidRequestError)
    assert made.violations == (FieldViolation("settings.trade_window", "is 0"),)
    assert "settings.trade_window: is 0" in str(made)


@pytest.mark.parametrize(
    ("on_the_wire", "here"),
    [
        ("inline.trade_results.policy_code[3]", "inline.trade_results.policy[3]"),
        ("inline.trade_results.strategy_names", "inline.trade_results.strategy"),
        ("inline.trade_results.time_ms[3]", "inline.trade_results.time_ms[3]"),
        ("settings.rules", "settings.rules"),
    ],
)
def test_a_packed_column_is_named_as_the_column_that_was_given(on_the_wire: str, here: str) -> None:
    violation = error_details_pb2.BadRequest.FieldViolation(field=on_the_wire, description="is wrong")
    made = error(grpc.StatusCode.INVALID_ARGUMENT, error_details_pb2.BadRequest(field_violations=[violation]))
    assert isinstance(made, InvalidRequestError)
    assert made.violations == (FieldViolation(here, "is wrong"),)


@pytest.mark.parametrize("reason", ["REVISION_COMPACTED", "REVISION_IN_FUTURE", "EPOCH_CHANGED"])
def test_a_refused_resume_point(reason: str) -> None:
    made = error(grpc.StatusCode.OUT_OF_RANGE, info(reason, oldest="3", current="9", epoch="e2"))
    assert isinstance(made, ResumePointError)
    assert (made.reason, made.oldest, made.current, made.epoch) == (reason, 3, 9, "e2")
    assert "oldest 3" in str(made)


@pytest.mark.parametrize("number", ["", "-1", "x", "9" * 5000, "²"])
def test_a_refused_resume_point_with_numbers_that_make_no_sense(number: str) -> None:
    made = error(grpc.StatusCode.OUT_OF_RANGE, info("EPOCH_CHANGED", oldest=number))
    assert isinstance(made, ResumePointError)
    assert (made.oldest, made.current, made.epoch) == (None, None, "")


@pytest.mark.parametrize("reason", ["DRAINING", "LOG_NOT_READ", "MEMORY_UNREADABLE"])
def test_why_the_service_is_not_available(reason: str) -> None:
    made = error(grpc.StatusCode.UNAVAILABLE, info(reason))
    assert isinstance(made, ServiceUnavailableError)
    assert made.reason == reason
    assert str(made) != str(error(grpc.StatusCode.UNAVAILABLE)), "it says what to do about this very reason"


@pytest.mark.parametrize("code", [grpc.StatusCode.ABORTED, grpc.StatusCode.FAILED_PRECONDITION])
@pytest.mark.parametrize("reason", ["RAISES_RISK", "OF_A_LATER_VERSION"])
def test_what_an_operator_asks_and_is_not_done_is_refused_whatever_the_reason(
    code: grpc.StatusCode, reason: str
) -> None:
    """A later version has reasons that this one does not know: it was told as a fault of the server."""
    made = error(code, info(reason))
    assert isinstance(made, InterventionRefusedError)
    assert (made.reason, made.transient, "look into its log" in str(made)) == (reason, False, False)
    assert type(error(code, info(reason, domain="elsewhere"))) is ServerFaultError


def test_a_reason_of_a_later_version_is_the_service_s_own() -> None:
    """Nobody is sent to look for the address, or the TLS options, of a service that has answered."""
    for code, told, of_none in (
        (grpc.StatusCode.UNAVAILABLE, "it cannot answer now", "check that it runs there"),
        (grpc.StatusCode.UNAUTHENTICATED, "check the token", "check the TLS options"),
        (grpc.StatusCode.PERMISSION_DENIED, "check the token", "check the TLS options"),
    ):
        assert told in str(error(code, info("OF_A_LATER_VERSION")))
        assert of_none in str(error(code))
        assert of_none in str(error(code, info("ANY", domain="elsewhere")))


@pytest.mark.parametrize(
    ("code", "reason", "may_hold"),
    [
        (grpc.StatusCode.UNAVAILABLE, "INTERVENTION_NOT_KNOWN", False),  # which says so itself
        (grpc.StatusCode.UNAVAILABLE, "DRAINING", False),
        (grpc.StatusCode.UNAVAILABLE, "OF_A_LATER_VERSION", True),
        (grpc.StatusCode.UNAVAILABLE, "", True),
        (grpc.StatusCode.FAILED_PRECONDITION, "OF_A_LATER_VERSION", False),
    ],
)
def test_a_reason_of_a_later_version_leaves_open_what_its_code_leaves_open(
    code: grpc.StatusCode, reason: str, *, may_hold: bool
) -> None:
    """It may be another way to say that it is not known whether what an operator asks for was written."""
    answers = LostAnswers()
    trailing = [("strategic-memory-reason", reason)] if reason else []
    failed: Any = FailedCall(code, "no", trailing)
    with pytest.raises(grpc.RpcError), answers.sending():
        raise failed
    with pytest.raises(StrategicMemoryError) as told, answers.told():
        raise error_of(failed, ADDRESS)
    assert (MAY_HOLD in str(told.value)) is may_hold


def test_too_many_subscribers() -> None:
    assert type(error(grpc.StatusCode.RESOURCE_EXHAUSTED, info("TOO_MANY_SUBSCRIBERS"))) is TooManySubscribersError


@pytest.mark.parametrize("reason", ["REQUEST_TOO_LARGE", "REQUEST_TOO_SLOW"])
def test_a_request_that_is_too_large_always_is(reason: str) -> None:
    made = error(grpc.StatusCode.RESOURCE_EXHAUSTED, info(reason))
    assert type(made) is MessageTooLargeError
    assert not made.transient
    assert "later" not in str(made)


def test_how_long_to_wait_comes_from_the_retry_info_or_else_from_the_trailers() -> None:
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000))
    told = [
        error(grpc.StatusCode.RESOURCE_EXHAUSTED, retry),
        error(grpc.StatusCode.RESOURCE_EXHAUSTED, info("TOO_MANY_REQUESTS", retry_after_ms="40")),
        error(grpc.StatusCode.RESOURCE_EXHAUSTED, info("TOO_MANY_SUBSCRIBERS"), retry),
        error(grpc.StatusCode.RESOURCE_EXHAUSTED),
    ]
    waits_s = [each.retry_after_s for each in told if isinstance(each, ResourceExhaustedError)]
    assert waits_s == [2.5, 0.04, 2.5, None]


def test_details_of_another_domain_are_not_ours() -> None:
    made = error(grpc.StatusCode.RESOURCE_EXHAUSTED, info("TOO_MANY_SUBSCRIBERS", domain="elsewhere"))
    assert type(made) is ResourceExhaustedError


def test_details_that_cannot_be_decoded_do_not_hide_the_status() -> None:
    trailing = [("grpc-status-details-bin", b"\xff\xff")]
    broken = any_pb2.Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff")
    status = status_pb2.Status(details=[broken])
    for metadata in (trailing, [("grpc-status-details-bin", status.SerializeToString())], []):
        made = error_of(FailedCall(grpc.StatusCode.UNAVAILABLE, "x", metadata), ADDRESS)
        assert type(made) is ServiceUnavailableError


def test_what_the_server_says_is_cut_to_a_line_s_worth() -> None:
    assert len(str(error(grpc.StatusCode.INTERNAL, text="x" * 10_000))) < 700
