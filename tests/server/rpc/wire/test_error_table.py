"""The table from domain errors to gRPC status: complete, with details that a program can use."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from strategic_memory.error_reasons import DOMAIN, reason_text
from strategic_memory.v1 import errors_pb2
from strategic_memory_server.faults import errors, limits
from strategic_memory_server.faults.errors import (
    DrainingError,
    InterventionChangedError,
    InterventionNotKnownError,
    InvalidRequestError,
    LogNotReadError,
    MemoryUnreadableError,
    NobodyMayError,
    NothingToFreezeError,
    OutOfScopeError,
    RaisesRiskError,
    ResumePointError,
    ResumeRefusal,
    StrategicMemoryError,
    UnauthenticatedError,
    UnknownPortfolioError,
    Violation,
)
from strategic_memory_server.faults.limits import (
    LimitError,
    RequestTooLargeError,
    RequestTooSlowError,
    TooManyAnalysesError,
    TooManyCallsError,
    TooManyOfOneCallerError,
    TooManyRequestsError,
    TooManySubscribersError,
    TooMuchInHandError,
)
from strategic_memory_server.rpc.wire.error_table import _TABLE, grpc_status_of


def all_subclasses(kind: type[StrategicMemoryError]) -> set[type[StrategicMemoryError]]:
    found = set(kind.__subclasses__())
    return found.union(*(all_subclasses(each) for each in found))


def details_of(error: StrategicMemoryError, into: Message) -> status_pb2.Status:
    """Unpack the one detail of an error, as a client does."""
    metadata = dict(grpc_status_of(error).trailing_metadata or ())
    packed_status = metadata["grpc-status-details-bin"]
    assert isinstance(packed_status, bytes)
    status = status_pb2.Status.FromString(packed_status)
    (packed,) = status.details
    assert packed.Unpack(into)
    return status


def text_trailers(error: StrategicMemoryError) -> dict[str, str | bytes]:
    """What a client reads that cannot read the details."""
    trailing = grpc_status_of(error).trailing_metadata
    return {key: value for key, value in trailing if not key.endswith("-bin")}


def test_every_domain_error_has_a_row() -> None:
    rooms = (errors.__name__, limits.__name__)
    ours = {kind for kind in all_subclasses(StrategicMemoryError) if kind.__module__ in rooms}
    assert ours - {LimitError} == set(_TABLE)
    assert len(ours - {LimitError}) == 21


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (LogNotReadError(), grpc.StatusCode.UNAVAILABLE, "LOG_NOT_READ"),
        (RequestTooLargeError(17 << 20, 16 << 20), grpc.StatusCode.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE"),
        (RequestTooSlowError(30.0), grpc.StatusCode.RESOURCE_EXHAUSTED, "REQUEST_TOO_SLOW"),
        (UnauthenticatedError("is unknown"), grpc.StatusCode.UNAUTHENTICATED, "NOT_IDENTIFIED"),
        (DrainingError(), grpc.StatusCode.UNAVAILABLE, "DRAINING"),
        (MemoryUnreadableError(), grpc.StatusCode.UNAVAILABLE, "MEMORY_UNREADABLE"),
        (RaisesRiskError("this", "that"), grpc.StatusCode.FAILED_PRECONDITION, "RAISES_RISK"),
        (NothingToFreezeError("STALE"), grpc.StatusCode.FAILED_PRECONDITION, "NOTHING_TO_FREEZE"),
        (InterventionNotKnownError("gone"), grpc.StatusCode.UNAVAILABLE, "INTERVENTION_NOT_KNOWN"),
    ],
)
def test_errors_with_a_reason(error: StrategicMemoryError, code: grpc.StatusCode, reason: str) -> None:
    status = grpc_status_of(error)
    assert (status.code, status.details) == (code, str(error))
    info = error_details_pb2.ErrorInfo()
    assert details_of(error, info).message == str(error)
    assert text_trailers(error) == {"strategic-memory-reason": reason}
    assert (info.reason, info.domain) == (reason, DOMAIN) == (reason, "strategic_memory.v1")


@pytest.mark.parametrize(
    ("error", "reason", "setting", "after_ms"),
    [
        (TooManySubscribersError(5), "TOO_MANY_SUBSCRIBERS", "STRATEGIC_MEMORY_MAX_SUBSCRIBERS", 5_000),
        (TooManyOfOneCallerError(5), "TOO_MANY_SUBSCRIBERS", "STRATEGIC_MEMORY_PEER_SHARE", 5_000),
        (TooManyCallsError("/a.Service/Method", 5), "TOO_MANY_CALLS", "/a.Service/Method", 1_000),
        (TooManyAnalysesError(5), "TOO_MANY_CALLS", "STRATEGIC_MEMORY_CALLER_ANALYSES", 1_000),
        (TooMuchInHandError(5 << 20), "TOO_MUCH_IN_HAND", "STRATEGIC_MEMORY_MAX_IN_HAND_MIB", 1_000),
        (TooMuchInHandError(5, of_caller=True), "TOO_MUCH_IN_HAND", "STRATEGIC_MEMORY_CALLER_IN_HAND_MIB", 1_000),
        (TooManyRequestsError("A_SETTING", 10.0, 0.0301), "TOO_MANY_REQUESTS", "A_SETTING", 31),
    ],
)
def test_a_limit_names_its_setting_and_says_when_to_come_again(
    error: LimitError, reason: str, setting: str, after_ms: int
) -> None:
    status = grpc_status_of(error)
    assert status.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert setting in status.details
    packed = dict(status.trailing_metadata)["grpc-status-details-bin"]
    assert isinstance(packed, bytes)
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    first, second = status_pb2.Status.FromString(packed).details
    assert first.Unpack(info)
    assert second.Unpack(retry)
    assert (info.reason, dict(info.metadata)) == (reason, {"retry_after_ms": str(after_ms)})
    assert retry.retry_delay.ToMilliseconds() == after_ms
    assert text_trailers(error) == {
        "strategic-memory-reason": reason,
        "strategic-memory-retry_after_ms": str(after_ms),
    }


@pytest.mark.parametrize("refusal", ResumeRefusal)
def test_a_resume_point_carries_oldest_current_and_epoch(refusal: ResumeRefusal) -> None:
    error = ResumePointError(refusal, asked=3, oldest=5, current=9, epoch="e1")
    assert grpc_status_of(error).code is grpc.StatusCode.OUT_OF_RANGE
    info = error_details_pb2.ErrorInfo()
    details_of(error, info)
    assert info.reason == refusal.value
    assert dict(info.metadata) == {"oldest": "5", "current": "9", "epoch": "e1"}
    assert text_trailers(error) == {
        "strategic-memory-reason": refusal.value,
        "strategic-memory-oldest": "5",
        "strategic-memory-current": "9",
        "strategic-memory-epoch": "e1",
    }


def test_a_trailer_holds_whatever_redis_held() -> None:
    error = ResumePointError(ResumeRefusal.EPOCH_CHANGED, asked=3, oldest=5, current=9, epoch="é\n 100%")
    assert text_trailers(error)["strategic-memory-epoch"] == "%C3%A9%0A%20100%25"


def test_what_a_method_takes_is_told() -> None:
    error = OutOfScopeError("agent", "analyze")
    assert grpc_status_of(error).code is grpc.StatusCode.PERMISSION_DENIED
    info = error_details_pb2.ErrorInfo()
    details_of(error, info)
    assert (info.reason, dict(info.metadata)) == ("OUT_OF_SCOPE", {"scope": "analyze"})
    assert text_trailers(error) == {"strategic-memory-reason": "OUT_OF_SCOPE", "strategic-memory-scope": "analyze"}


def test_the_nearest_portfolio_is_told() -> None:
    error = UnknownPortfolioError("alhpa", "alpha")
    assert grpc_status_of(error).code is grpc.StatusCode.NOT_FOUND
    assert text_trailers(error) == {
        "strategic-memory-reason": "UNKNOWN_PORTFOLIO",
        "strategic-memory-portfolio": "alhpa",
        "strategic-memory-nearest": "alpha",
    }


def test_what_holds_is_told_by_its_number() -> None:
    error = InterventionChangedError(7, "an override of desk holds")
    assert grpc_status_of(error).code is grpc.StatusCode.ABORTED
    assert str(error) == "an override of desk holds; to replace it name its number, 7"
    assert text_trailers(error) == {"strategic-memory-reason": "INTERVENTION_CHANGED", "strategic-memory-number": "7"}


def test_the_contract_names_every_reason() -> None:
    refused = [ResumePointError(refusal, asked=3, oldest=5, current=9, epoch="e1") for refusal in ResumeRefusal]
    examples: dict[type[StrategicMemoryError], Sequence[StrategicMemoryError | None]] = {
        ResumePointError: refused,
        OutOfScopeError: [OutOfScopeError("agent", "analyze")],
        NobodyMayError: [NobodyMayError("admin")],
        InterventionChangedError: [InterventionChangedError(7, "an override holds")],
        UnknownPortfolioError: [UnknownPortfolioError("alhpa", "alpha")],
    }
    infos = [
        row.details(example)
        for kind, row in _TABLE.items()
        if kind is not InvalidRequestError
        for example in examples.get(kind, [None])
    ]
    sent = {info.reason for info in infos if isinstance(info, error_details_pb2.ErrorInfo)}
    assert sent == {reason_text(value) for value in errors_pb2.ErrorReason.values() if value}


def test_a_bad_request_has_no_reason() -> None:
    assert text_trailers(InvalidRequestError(Violation("a", "is 0; give 1"))) == {}


def test_a_bad_request_names_each_field() -> None:
    error = InvalidRequestError(Violation("a.b", "is 0; give 1"), Violation("c[2]", "is NaN; give a number"))
    assert grpc_status_of(error).code is grpc.StatusCode.INVALID_ARGUMENT
    request = error_details_pb2.BadRequest()
    assert details_of(error, request).message == "a.b: is 0; give 1; c[2]: is NaN; give a number"
    found = [(violation.field, violation.description) for violation in request.field_violations]
    assert found == [("a.b", "is 0; give 1"), ("c[2]", "is NaN; give a number")]


def test_an_error_fits_the_headers_that_carry_it() -> None:
    error = InvalidRequestError(
        *[Violation(f"settings.policy_rules[{n}].policy", "is missing" * 5) for n in range(999)]
    )
    metadata = grpc_status_of(error).trailing_metadata or ()
    size = len(str(error).encode()) + sum(len(key) + len(value) for key, value in metadata)
    assert size < 8_192 * 3 // 4, "some is encoded in base64 on the way"
    assert "and 991 more" in str(error)
