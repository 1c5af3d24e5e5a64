"""One table from domain errors to gRPC status, with rich details."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from strategic_memory_server.errors import (
    DrainingError,
    InvalidRequestError,
    LogNotReadError,
    MemoryUnreadableError,
    ResumePointError,
    StrategicMemoryError,
    TooManyCallsError,
    TooManySubscribersError,
    TooMuchInHandError,
)

ERROR_DOMAIN = "strategic_memory.v1"


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
        reason=error.refusal.value,
        domain=ERROR_DOMAIN,
        metadata={"oldest": str(error.oldest), "current": str(error.current), "epoch": error.epoch},
    )


def _info(reason: str) -> Callable[[object], Message]:
    return lambda _error: error_details_pb2.ErrorInfo(reason=reason, domain=ERROR_DOMAIN)


_TABLE: dict[type[StrategicMemoryError], _Row] = {
    InvalidRequestError: _Row(code_pb2.INVALID_ARGUMENT, _bad_request),
    ResumePointError: _Row(code_pb2.OUT_OF_RANGE, _resume_point),
    LogNotReadError: _Row(code_pb2.UNAVAILABLE, _info("LOG_NOT_READ")),
    TooManySubscribersError: _Row(code_pb2.RESOURCE_EXHAUSTED, _info("TOO_MANY_SUBSCRIBERS")),
    TooManyCallsError: _Row(code_pb2.RESOURCE_EXHAUSTED, _info("TOO_MANY_CALLS")),
    TooMuchInHandError: _Row(code_pb2.RESOURCE_EXHAUSTED, _info("TOO_MUCH_IN_HAND")),
    DrainingError: _Row(code_pb2.UNAVAILABLE, _info("DRAINING")),
    MemoryUnreadableError: _Row(code_pb2.UNAVAILABLE, _info("MEMORY_UNREADABLE")),
}

INTERNAL_MESSAGE = "the server met a fault of its own; its log says which"


def grpc_status_of(error: StrategicMemoryError) -> grpc.Status:
    """Give the status of a domain error with its details as a `google.rpc.Status`."""
    row = _TABLE[type(error)]
    packed = any_pb2.Any()
    packed.Pack(row.details(error))
    return rpc_status.to_status(status_pb2.Status(code=row.code, message=str(error), details=[packed]))
