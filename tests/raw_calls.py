"""Calls a method with bytes of one's own, as a program does that was built from other definitions, or from none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from processes import ServiceProcess

SERVICE = "/strategic_memory.v1.StrategicMemoryService"
TIMEOUT_S = 30.0
UNLIMITED = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))

MARKS_OF_PYTHON = ("Traceback", "<class", "Exception", "Error(", "google.protobuf", "object at 0x", ".py", "unhandled")


def _as_it_is(raw: bytes) -> bytes:
    return raw


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call has ended: its code and text, its rich details by kind, and its first answer."""

    code: grpc.StatusCode
    text: str = ""
    fields: tuple[str, ...] = ()
    reason: str = ""
    answer: bytes = b""


class RawCaller:
    """Calls over one channel; requests and answers are bytes."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def call(self, method: str, request: bytes, *, streams: bool = False) -> Outcome:
        """Call a method by its full path; of a stream, take the first message."""
        try:
            if streams:
                responses = self._channel.unary_stream(method, _as_it_is, _as_it_is)(request, timeout=TIMEOUT_S)
                answer = next(iter(responses))
                responses.cancel()
            else:
                answer = self._channel.unary_unary(method, _as_it_is, _as_it_is)(request, timeout=TIMEOUT_S)
        except grpc.RpcError as error:
            return outcome_of(error)
        return Outcome(grpc.StatusCode.OK, answer=answer)

    def call_with_stream(self, method: str, requests: list[bytes]) -> Outcome:
        """Call a method that takes a stream, and take its first answer."""
        try:
            call = self._channel.stream_stream(method, _as_it_is, _as_it_is)
            answer = next(iter(call(iter(requests), timeout=TIMEOUT_S)))
        except grpc.RpcError as error:
            return outcome_of(error)
        return Outcome(grpc.StatusCode.OK, answer=answer)


@contextmanager
def raw_caller(service: ServiceProcess, compression: grpc.Compression | None = None) -> Iterator[RawCaller]:
    """A caller on a channel of its own."""
    with grpc.insecure_channel(service.grpc_address, UNLIMITED, compression) as channel:
        yield RawCaller(channel)


def outcome_of(error: Any) -> Outcome:  # noqa: ANN401 - an RpcError is a Call too, which no type says
    """Read the status of a failed call; fails the test when it shows the insides of the program."""
    text = error.details() or ""
    assert not [mark for mark in MARKS_OF_PYTHON if mark in text], text
    fields: tuple[str, ...] = ()
    reason = ""
    status = rpc_status.from_call(error)
    for packed in status.details if status else ():
        bad_request, info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
        if packed.Unpack(bad_request):
            fields = tuple(violation.field for violation in bad_request.field_violations)
            assert all(violation.description for violation in bad_request.field_violations)
        elif packed.Unpack(info):
            reason = info.reason
    return Outcome(error.code(), text, fields, reason)
