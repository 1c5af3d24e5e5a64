"""The one table that turns a status and its details into an error of this library."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import grpc

from strategic_memory.error_reasons import reason_text
from strategic_memory.v1 import errors_pb2
from strategic_memory_client.values.errors import (
    AccessDeniedError,
    CallCancelledError,
    ClientClosedError,
    DeadlineExceededError,
    InterventionRefusedError,
    InvalidRequestError,
    MessageTooLargeError,
    ResourceExhaustedError,
    ResumePointError,
    ServerFaultError,
    ServiceUnavailableError,
    SharedClientError,
    SilentServerError,
    StrategicMemoryError,
    TooManySubscribersError,
    UnknownPortfolioError,
    UnsupportedOperationError,
)
from strategic_memory_client.wire.failure import Failure, failed_call, failure_of
from strategic_memory_client.wire.way_there import met_on_the_way

_UNAVAILABLE_ADVICE = {
    "": "check that it runs there and that the address is right",
    reason_text(errors_pb2.ERROR_REASON_DRAINING): "it is going away; try another server, or again in a moment",
    reason_text(
        errors_pb2.ERROR_REASON_LOG_NOT_READ
    ): "it has not read its feedback log yet; check that it reaches Redis, and try again",
    reason_text(
        errors_pb2.ERROR_REASON_MEMORY_UNREADABLE
    ): "it cannot read the memory from Redis; check Redis, and try again",
    reason_text(
        errors_pb2.ERROR_REASON_INTERVENTION_NOT_KNOWN
    ): "it does not reach Redis; check Redis, and see what holds before you say it again",
}

_RESUME_ADVICE = {
    reason_text(errors_pb2.ERROR_REASON_REVISION_COMPACTED): "revisions after the resume point are no longer kept",
    reason_text(errors_pb2.ERROR_REASON_REVISION_IN_FUTURE): "the resume point lies after the newest revision",
    reason_text(errors_pb2.ERROR_REASON_EPOCH_CHANGED): "the resume point is of another epoch: history was lost",
}


_NEVER_FITS = frozenset(
    map(reason_text, (errors_pb2.ERROR_REASON_REQUEST_TOO_LARGE, errors_pb2.ERROR_REASON_REQUEST_TOO_SLOW))
)


def _unavailable(failure: Failure) -> StrategicMemoryError:
    advice = _UNAVAILABLE_ADVICE.get(failure.reason, "it cannot answer now; try another server, or again in a moment")
    message = f"the service at {failure.address} is not available: {advice} ({failure.detail})"
    return ServiceUnavailableError(message, reason=failure.reason, address=failure.address)


def _deadline_exceeded(failure: Failure) -> StrategicMemoryError:
    message = f"the service at {failure.address} did not answer in time: allow more time, or check its load"
    return DeadlineExceededError(message, address=failure.address)


def _invalid_request(failure: Failure) -> StrategicMemoryError:
    named = "; ".join(f"{violation.field}: {violation.description}" for violation in failure.violations)
    message = f"the request is not valid: {named or failure.detail}"
    return InvalidRequestError(message, violations=failure.violations, address=failure.address)


def _resume_point(failure: Failure) -> StrategicMemoryError:
    oldest, current = failure.number("oldest"), failure.number("current")
    epoch = failure.metadata.get("epoch", "")
    why = _RESUME_ADVICE.get(failure.reason, failure.detail)
    known = [f"{name} {value}" for name, value in (("oldest", oldest), ("newest", current)) if value is not None]
    held = f" (epoch {epoch or 'not told'}: {', '.join(known) or 'revisions not told'})"
    return ResumePointError(
        f"cannot resume there: {why}{held}; start without a resume point, and take what came before as lost",
        reason=failure.reason,
        oldest=oldest,
        current=current,
        epoch=epoch,
        address=failure.address,
    )


def _intervention_refused(failure: Failure) -> StrategicMemoryError:
    if not failure.reason:  # not the service's own; a reason that only a later version knows is
        return _server_fault(failure)
    message, number = f"not done: {failure.detail}", failure.number("number")
    return InterventionRefusedError(message, reason=failure.reason, number=number, address=failure.address)


def _not_found(failure: Failure) -> StrategicMemoryError:
    if failure.reason != reason_text(errors_pb2.ERROR_REASON_UNKNOWN_PORTFOLIO):
        return _server_fault(failure)
    return UnknownPortfolioError(
        f"the service at {failure.address}: {failure.detail}",
        portfolio=failure.metadata.get("portfolio", ""),
        nearest=failure.metadata.get("nearest", ""),
        address=failure.address,
    )


def _resource_exhausted(failure: Failure) -> StrategicMemoryError:
    if failure.reason == reason_text(errors_pb2.ERROR_REASON_TOO_MANY_SUBSCRIBERS):
        return TooManySubscribersError(
            f"the service at {failure.address} admits no more subscribers: try another server, or later",
            retry_after_s=failure.retry_after_s,
            address=failure.address,
        )
    if failure.reason in _NEVER_FITS:
        return MessageTooLargeError(
            f"the request is more than the service at {failure.address} takes: send less ({failure.detail})",
            address=failure.address,
        )
    return ResourceExhaustedError(
        f"a limit was reached at {failure.address}: send less, or try later ({failure.detail})",
        retry_after_s=failure.retry_after_s,
        address=failure.address,
    )


def _access_denied(failure: Failure) -> StrategicMemoryError:
    # What has no reason is not the service's own; one that only a later version knows is.
    check = "check the token, or the certificate that is shown" if failure.reason else "check the TLS options"
    message = f"the service at {failure.address} denies access: {check} ({failure.detail})"
    return AccessDeniedError(message, address=failure.address)


def _unsupported(failure: Failure) -> StrategicMemoryError:
    return UnsupportedOperationError(
        f"what listens at {failure.address} does not offer this operation: check the address and the version "
        f"of the service ({failure.detail})",
        address=failure.address,
    )


def _cancelled(failure: Failure) -> StrategicMemoryError:
    return CallCancelledError(
        f"the call to {failure.address} was cancelled ({failure.detail})", address=failure.address
    )


def _server_fault(failure: Failure) -> StrategicMemoryError:
    return ServerFaultError(
        f"the service at {failure.address} failed: look into its log ({failure.code.name}: {failure.detail})",
        address=failure.address,
    )


_TABLE: Mapping[grpc.StatusCode, Callable[[Failure], StrategicMemoryError]] = {
    grpc.StatusCode.CANCELLED: _cancelled,
    grpc.StatusCode.INVALID_ARGUMENT: _invalid_request,
    grpc.StatusCode.DEADLINE_EXCEEDED: _deadline_exceeded,
    grpc.StatusCode.PERMISSION_DENIED: _access_denied,
    grpc.StatusCode.UNAUTHENTICATED: _access_denied,
    grpc.StatusCode.RESOURCE_EXHAUSTED: _resource_exhausted,
    grpc.StatusCode.OUT_OF_RANGE: _resume_point,
    grpc.StatusCode.NOT_FOUND: _not_found,
    grpc.StatusCode.ABORTED: _intervention_refused,
    grpc.StatusCode.FAILED_PRECONDITION: _intervention_refused,
    grpc.StatusCode.UNIMPLEMENTED: _unsupported,
    grpc.StatusCode.UNAVAILABLE: _unavailable,
}


def error_of(error: grpc.RpcError, address: str) -> StrategicMemoryError:
    """Return the error that a failed call to the server at `address` stands for; it is not raised."""
    failure = failure_of(failed_call(error), address)
    if not failure.reason and not failure.violations and (met := met_on_the_way(failure.detail, address)) is not None:
        return met
    return _TABLE.get(failure.code, _server_fault)(failure)


def is_not_found(error: grpc.RpcError) -> bool:
    """Tell whether what was asked for does not exist at that server."""
    return failed_call(error).code() is grpc.StatusCode.NOT_FOUND


def silent_server(address: str, silence_timeout_s: float) -> StrategicMemoryError:
    """Return the error for a stream on which nothing was heard for too long; it is not raised."""
    return SilentServerError(
        f"nothing was heard from {address} for {silence_timeout_s:.1f} s: check the server and the way to it",
        address=address,
    )


def ended_stream(address: str) -> StrategicMemoryError:
    """Return the error for a stream that the server ended without saying why; it is not raised."""
    return ServiceUnavailableError(
        f"the service at {address} ended the stream: try another server, or again in a moment",
        address=address,
    )


def closed_client() -> StrategicMemoryError:
    """Return the error for the use of a closed client; it is not raised."""
    return ClientClosedError("the client is closed: make a new one")


def forked_client() -> StrategicMemoryError:
    """Return the error for the use of a client in a process that was forked off; it is not raised."""
    return ClientClosedError("the client was made before this process was forked off: make a new one in each process")


def client_of_another_loop() -> StrategicMemoryError:
    """Return the error for the use of an asynchronous client in a second event loop; it is not raised."""
    return SharedClientError("the client belongs to another event loop: make one in each loop, while it runs")
