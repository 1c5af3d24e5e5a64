"""One table from domain errors to gRPC status, with rich details."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from strategic_memory.error_reasons import DOMAIN, METADATA_TRAILER_PREFIX, REASON_TRAILER, reason_text
from strategic_memory.v1 import errors_pb2
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

Metadata = tuple[tuple[str, str | bytes], ...]

_REFUSALS = {
    ResumeRefusal.REVISION_COMPACTED: errors_pb2.ERROR_REASON_REVISION_COMPACTED,
    ResumeRefusal.REVISION_IN_FUTURE: errors_pb2.ERROR_REASON_REVISION_IN_FUTURE,
    ResumeRefusal.EPOCH_CHANGED: errors_pb2.ERROR_REASON_EPOCH_CHANGED,
}


class _Row(NamedTuple):
    code: int
    details: Callable[[Any], Message]


def _bad_request(error: InvalidRequestError) -> Message:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=violation.field, description=violation.description)
            for violation in error.violations
        ]
    )


def _resume_point(error: ResumePointError) -> Message:
    return error_details_pb2.ErrorInfo(
        reason=reason_text(_REFUSALS[error.refusal]),
        domain=DOMAIN,
        metadata={"oldest": str(error.oldest), "current": str(error.current), "epoch": error.epoch},
    )


def _out_of_scope(error: OutOfScopeError) -> Message:
    reason = reason_text(errors_pb2.ERROR_REASON_OUT_OF_SCOPE)
    return error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata={"scope": error.scope})


def _limit(reason: errors_pb2.ErrorReason.ValueType) -> Callable[[LimitError], Message]:
    def details(error: LimitError) -> Message:
        known = {} if (after_ms := _retry_ms(error)) is None else {"retry_after_ms": str(after_ms)}
        return error_details_pb2.ErrorInfo(reason=reason_text(reason), domain=DOMAIN, metadata=known)

    return details


def _retry_ms(error: StrategicMemoryError) -> int | None:
    """Milliseconds after which trying again may help, rounded up; None where nobody knows or it never does."""
    if not isinstance(error, LimitError) or error.retry_s is None:
        return None
    return math.ceil(error.retry_s * 1_000)


def _intervention_changed(error: InterventionChangedError) -> Message:
    reason = reason_text(errors_pb2.ERROR_REASON_INTERVENTION_CHANGED)
    return error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata={"number": str(error.number)})


def _unknown_portfolio(error: UnknownPortfolioError) -> Message:
    reason = reason_text(errors_pb2.ERROR_REASON_UNKNOWN_PORTFOLIO)
    return error_details_pb2.ErrorInfo(
        reason=reason, domain=DOMAIN, metadata={"portfolio": error.asked, "nearest": error.nearest}
    )


def _info(reason: errors_pb2.ErrorReason.ValueType) -> Callable[[object], Message]:
    return lambda _error: error_details_pb2.ErrorInfo(reason=reason_text(reason), domain=DOMAIN)


_TABLE: dict[type[StrategicMemoryError], _Row] = {
    InvalidRequestError: _Row(code_pb2.INVALID_ARGUMENT, _bad_request),
    ResumePointError: _Row(code_pb2.OUT_OF_RANGE, _resume_point),
    LogNotReadError: _Row(code_pb2.UNAVAILABLE, _info(errors_pb2.ERROR_REASON_LOG_NOT_READ)),
    TooManySubscribersError: _Row(code_pb2.RESOURCE_EXHAUSTED, _limit(errors_pb2.ERROR_REASON_TOO_MANY_SUBSCRIBERS)),
    TooManyOfOneCallerError: _Row(code_pb2.RESOURCE_EXHAUSTED, _limit(errors_pb2.ERROR_REASON_TOO_MANY_SUBSCRIBERS)),
    TooManyCallsError: _Row(code_pb2.RESOURCE_EXHAUSTED, _limit(errors_pb2.ERROR_REASON_TOO_MANY_CALLS)),
    TooManyAnalysesError: _Row(code_pb2.RESOURCE_EXHAUSTED, _limit(errors_pb2.ERROR_REASON_TOO_MANY_CALLS)),
    TooManyRequestsError: _Row(code_pb2.RESOURCE_EXHAUSTED, _limit(errors_pb2.ERROR_REASON_TOO_MANY_REQUESTS)),
    RequestTooLargeError: _Row(code_pb2.RESOURCE_EXHAUSTED, _limit(errors_pb2.ERROR_REASON_REQUEST_TOO_LARGE)),
    RequestTooSlowError: _Row(code_pb2.RESOURCE_EXHAUSTED, _limit(errors_pb2.ERROR_REASON_REQUEST_TOO_SLOW)),
    TooMuchInHandError: _Row(code_pb2.RESOURCE_EXHAUSTED, _limit(errors_pb2.ERROR_REASON_TOO_MUCH_IN_HAND)),
    DrainingError: _Row(code_pb2.UNAVAILABLE, _info(errors_pb2.ERROR_REASON_DRAINING)),
    UnauthenticatedError: _Row(code_pb2.UNAUTHENTICATED, _info(errors_pb2.ERROR_REASON_NOT_IDENTIFIED)),
    OutOfScopeError: _Row(code_pb2.PERMISSION_DENIED, _out_of_scope),
    NobodyMayError: _Row(code_pb2.PERMISSION_DENIED, _out_of_scope),
    InterventionChangedError: _Row(code_pb2.ABORTED, _intervention_changed),
    RaisesRiskError: _Row(code_pb2.FAILED_PRECONDITION, _info(errors_pb2.ERROR_REASON_RAISES_RISK)),
    NothingToFreezeError: _Row(code_pb2.FAILED_PRECONDITION, _info(errors_pb2.ERROR_REASON_NOTHING_TO_FREEZE)),
    InterventionNotKnownError: _Row(code_pb2.UNAVAILABLE, _info(errors_pb2.ERROR_REASON_INTERVENTION_NOT_KNOWN)),
    UnknownPortfolioError: _Row(code_pb2.NOT_FOUND, _unknown_portfolio),
    MemoryUnreadableError: _Row(code_pb2.UNAVAILABLE, _info(errors_pb2.ERROR_REASON_MEMORY_UNREADABLE)),
}

INTERNAL_MESSAGE = "the server met a fault of its own; its log says which"


class _Status(NamedTuple):
    code: grpc.StatusCode
    details: str
    trailing_metadata: Metadata


def grpc_status_of(error: StrategicMemoryError) -> _Status:
    """Return the status of a domain error: its details as a `google.rpc.Status`, and its reason as text beside it."""
    row = _TABLE[type(error)]
    details = row.details(error)
    told = [details]
    if (after_ms := _retry_ms(error)) is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(after_ms)
        told.append(error_details_pb2.RetryInfo(retry_delay=delay))
    status = rpc_status.to_status(
        status_pb2.Status(code=row.code, message=str(error), details=[_packed(each) for each in told])
    )
    return _Status(status.code, status.details, (*(status.trailing_metadata or ()), *_trailers(details)))


def _packed(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def _trailers(details: Message) -> Metadata:
    if not isinstance(details, error_details_pb2.ErrorInfo):
        return ()
    # A value may come from Redis, and one byte that a header cannot hold would lose the whole status.
    metadata = ((METADATA_TRAILER_PREFIX + key, quote(value, safe="")) for key, value in details.metadata.items())
    return (REASON_TRAILER, details.reason), *metadata
