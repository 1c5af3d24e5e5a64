"""What is known of a call that failed: its status with its google.rpc details, decoded; `status_table.py` judges it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast
from urllib.parse import unquote

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from strategic_memory.error_reasons import DOMAIN, METADATA_TRAILER_PREFIX, REASON_TRAILER
from strategic_memory_client.values.errors import FieldViolation

_DETAILS_KEY = "grpc-status-details-bin"
_LONGEST_DETAIL = 500
_UINT64_DIGITS = 20
_PACKED = re.compile(r"(inline\.\w+\.\w+)_(?:code|names)(\[\d+\])?")


class FailedCall(Protocol):
    """What `grpc.RpcError` of a finished call and `grpc.aio.AioRpcError` have in common."""

    def code(self) -> grpc.StatusCode | None:
        """Return the status."""

    def details(self) -> str | None:
        """Return the message that goes with the status."""

    def trailing_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        """Return the metadata that came with the status."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A status with its details, decoded.

    Attributes:
        code: the status.
        detail: its message, cut.
        address: the server's.
        reason: the service's own reason, without the name of the enum; empty: none was given.
        metadata: what goes with the reason.
        violations: fields of the request that are wrong.
        retry_delay_s: what RetryInfo says, seconds.
    """

    code: grpc.StatusCode
    detail: str
    address: str
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[FieldViolation, ...] = ()
    retry_delay_s: float | None = None

    @property
    def retry_after_s(self) -> float | None:
        """Return after how many seconds trying again may help; None: nothing is said of it."""
        if self.retry_delay_s is None and (told_ms := self.number("retry_after_ms")) is not None:
            return told_ms / 1_000
        return self.retry_delay_s

    def number(self, key: str) -> int | None:
        """Return a whole number of the metadata; None: there is none, or it is none."""
        text = self.metadata.get(key, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _UINT64_DIGITS else None


def given_field(field: str) -> str:
    """Return the field of this library for one of the wire: a column of names is one here, and two when packed."""
    packed = _PACKED.fullmatch(field)
    return field if packed is None else f"{packed[1]}{packed[2] or ''}"


def failed_call(error: grpc.RpcError) -> FailedCall:
    """Return an error of gRPC as what it is when a call has ended."""
    # The two kinds of RpcError differ in the declared type of their metadata; both yield pairs.
    return cast("FailedCall", error)


def failure_of(call: FailedCall, address: str) -> Failure:
    """Decode what a call to the server at `address` failed with."""
    reason, metadata = "", dict[str, str]()
    violations: tuple[FieldViolation, ...] = ()
    retry_delay_s: float | None = None
    for detail in _status_details(call.trailing_metadata()):
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        try:
            if detail.Unpack(info) and info.domain == DOMAIN:
                reason, metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(retry):
                retry_delay_s = retry.retry_delay.ToTimedelta().total_seconds()
            elif detail.Unpack(request):
                violations = tuple(
                    FieldViolation(given_field(v.field), v.description) for v in request.field_violations
                )
        except (DecodeError, OverflowError):
            continue  # the status itself still says enough
    if not reason:  # where a proxy has taken the details away, or another server never sent any
        reason, metadata = _reason_in_text(call.trailing_metadata())
    return Failure(
        code=call.code() or grpc.StatusCode.UNKNOWN,
        detail=(call.details() or "no details given")[:_LONGEST_DETAIL],
        address=address,
        reason=reason,
        metadata=metadata,
        violations=violations,
        retry_delay_s=retry_delay_s,
    )


def _reason_in_text(trailing: Iterable[tuple[str, str | bytes]] | None) -> tuple[str, dict[str, str]]:
    told = {key: unquote(value) for key, value in trailing or () if isinstance(value, str)}
    reason = told.pop(REASON_TRAILER, "")
    prefix = METADATA_TRAILER_PREFIX
    return reason, {key.removeprefix(prefix): value for key, value in told.items() if key.startswith(prefix)}


def _status_details(trailing: Iterable[tuple[str, str | bytes]] | None) -> list[any_pb2.Any]:
    for key, value in trailing or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return list(status_pb2.Status.FromString(value).details)
            except DecodeError:
                return []
    return []
