"""The boundary around real handlers: nothing unmapped leaves the server, and each call is counted by its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_handlers import Handler, HandlerServer, handler_server
from processes import aeventually
from server.rpc.boundary_calls import count_to_three, echo, error_after_messages, error_of, handled, rich_status

from strategic_memory_server.faults.errors import InvalidRequestError, ResumePointError, ResumeRefusal, Violation
from strategic_memory_server.rpc.rpc_metrics import dashboard_name
from strategic_memory_server.rpc.wire.error_table import INTERNAL_MESSAGE

HIDDEN = "redis://user:s3cr3t@host"
GO_NAMES = {
    "OK": "OK",
    "CANCELLED": "Canceled",
    "UNKNOWN": "Unknown",
    "INVALID_ARGUMENT": "InvalidArgument",
    "DEADLINE_EXCEEDED": "DeadlineExceeded",
    "NOT_FOUND": "NotFound",
    "ALREADY_EXISTS": "AlreadyExists",
    "PERMISSION_DENIED": "PermissionDenied",
    "RESOURCE_EXHAUSTED": "ResourceExhausted",
    "FAILED_PRECONDITION": "FailedPrecondition",
    "ABORTED": "Aborted",
    "OUT_OF_RANGE": "OutOfRange",
    "UNIMPLEMENTED": "Unimplemented",
    "INTERNAL": "Internal",
    "UNAVAILABLE": "Unavailable",
    "DATA_LOSS": "DataLoss",
    "UNAUTHENTICATED": "Unauthenticated",
}
"""Status codes as `String()` of grpc-go's package codes gives them, which is what the Go server's metrics carry."""


async def fault(_request: bytes, _context: object) -> bytes:
    raise ValueError(f"password in {HIDDEN}")


async def refuse(_request: bytes, _context: object) -> bytes:
    raise InvalidRequestError(Violation("settings.regime_window", "is 0; give 1 to 1000000"))


async def abort(_request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    await context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")


async def cancel_oneself(_request: bytes, _context: object) -> bytes:
    raise asyncio.CancelledError


async def wait_for_ever(_request: bytes, _context: object) -> bytes:
    await asyncio.get_running_loop().create_future()
    return b""


async def count_and_fault(_request: bytes, _context: object) -> AsyncIterator[bytes]:
    yield b"1"
    raise ValueError(f"password in {HIDDEN}")


async def count_and_refuse(_request: bytes, _context: object) -> AsyncIterator[bytes]:
    yield b"1"
    raise ResumePointError(ResumeRefusal.EPOCH_CHANGED, asked=3, oldest=4, current=9, epoch="e2")


async def count_and_cancel_oneself(_request: bytes, _context: object) -> AsyncIterator[bytes]:
    yield b"1"
    raise asyncio.CancelledError


@pytest.fixture
async def server() -> AsyncIterator[HandlerServer]:
    handlers: tuple[Handler, ...] = (echo, fault, refuse, abort, cancel_oneself, wait_for_ever)
    streams: tuple[Handler, ...] = (count_to_three, count_and_fault, count_and_refuse, count_and_cancel_oneself)
    unary = {handler.__name__: handler for handler in handlers}
    async with handler_server(unary=unary, stream={handler.__name__: handler for handler in streams}) as found:
        yield found


async def test_a_call_that_goes_well_is_counted_as_such(server: HandlerServer) -> None:
    for _ in range(3):
        assert await server.unary("echo", b"hello") == b"hello"
    assert server.count("grpc_server_started_total", "echo") == 3
    assert server.count("grpc_server_msg_received_total", "echo") == 3
    assert server.count("grpc_server_msg_sent_total", "echo") == 3
    assert handled(server, "echo", "OK") == 3
    assert server.count("grpc_server_handling_seconds_count", "echo") == 3


async def test_a_stream_that_goes_well_counts_its_messages(server: HandlerServer) -> None:
    assert [message async for message in server.stream("count_to_three")] == [b"1", b"2", b"3"]
    assert server.count("grpc_server_msg_sent_total", "count_to_three", grpc_type="server_stream") == 3
    assert handled(server, "count_to_three", "OK", "server_stream") == 1


async def test_the_text_of_an_unknown_exception_stays_inside(
    server: HandlerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    error = await error_of(server.unary("fault"))
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE)
    assert "ValueError" not in repr(error)
    assert HIDDEN not in repr(error)
    assert handled(server, "fault", "Internal") == 1
    shown = capsys.readouterr().out
    assert "RPC failed by a fault of the program" in shown
    assert "ValueError" in shown


async def test_so_it_does_in_the_middle_of_a_stream(server: HandlerServer) -> None:
    received, error = await error_after_messages(server.stream("count_and_fault"))
    assert received == [b"1"]
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE)
    assert HIDDEN not in repr(error)
    assert handled(server, "count_and_fault", "Internal", "server_stream") == 1


async def test_a_domain_error_arrives_with_its_details(server: HandlerServer) -> None:
    error = await error_of(server.unary("refuse"))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = rich_status(error)
    request = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(request)
    assert request.field_violations[0].field == "settings.regime_window"
    assert handled(server, "refuse", "InvalidArgument") == 1


async def test_so_it_does_in_the_middle_of_a_stream_too(server: HandlerServer) -> None:
    received, error = await error_after_messages(server.stream("count_and_refuse"))
    assert (received, error.code()) == ([b"1"], grpc.StatusCode.OUT_OF_RANGE)
    status = rich_status(error)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert dict(info.metadata) == {"oldest": "4", "current": "9", "epoch": "e2"}
    assert handled(server, "count_and_refuse", "OutOfRange", "server_stream") == 1


async def test_a_handler_that_aborts_by_itself_is_left_alone(server: HandlerServer) -> None:
    error = await error_of(server.unary("abort"))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such thing")
    # The client has the status before the handler has ended.
    await aeventually(lambda: handled(server, "abort", "NotFound") == 1)


@pytest.mark.parametrize("name", ["cancel_oneself", "count_and_cancel_oneself"])
async def test_a_cancellation_that_nobody_asked_for_is_a_fault_and_leaves_no_client_hanging(
    server: HandlerServer, name: str
) -> None:
    """TRAPS: grpc.aio itself leaves the client waiting until its deadline."""
    streaming = name.startswith("count")
    call = error_after_messages(server.stream(name)) if streaming else error_of(server.unary(name))
    async with asyncio.timeout(30):
        found = await call
    error = found[1] if isinstance(found, tuple) else found
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE)
    assert handled(server, name, "Internal", "server_stream" if streaming else "unary") == 1


async def test_a_client_that_goes_away_is_counted_as_cancelled(server: HandlerServer) -> None:
    call = asyncio.create_task(server.unary("wait_for_ever"))
    await aeventually(lambda: server.count("grpc_server_started_total", "wait_for_ever") == 1)
    call.cancel()
    await asyncio.wait([call])
    await aeventually(lambda: handled(server, "wait_for_ever", "Canceled") == 1)


async def test_a_deadline_is_honoured(server: HandlerServer) -> None:
    # On a busy machine a short one passes before the handler has begun, which then has nothing to end.
    for timeout_s in (0.1, 1.0, 10.0):
        error = await error_of(server.unary("wait_for_ever", timeout_s=timeout_s))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        if server.count("grpc_server_started_total", "wait_for_ever"):
            break
    begun = server.count("grpc_server_started_total", "wait_for_ever")
    assert begun, "none of the handlers has begun"
    await aeventually(lambda: handled(server, "wait_for_ever", "Canceled") == begun)


async def test_a_stalled_reader_that_goes_away_ends_its_handler() -> None:
    """The handler is stopped while it waits for a peer that does not read, outside of its own code."""
    ended = asyncio.Event()

    async def pour(_request: bytes, _context: object) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.set()

    async with handler_server(stream={"pour": pour}) as server:
        call = server.stream("pour", timeout_s=60)
        assert await call.read() == b"x" * 100_000
        sent = -1.0

        async def is_held_back() -> bool:
            nonlocal sent
            before, sent = sent, server.count("grpc_server_msg_sent_total", "pour", grpc_type="server_stream")
            await asyncio.sleep(0.01)
            return before == sent

        await aeventually(is_held_back)
        call.cancel()
        async with asyncio.timeout(30):
            await ended.wait()
        await aeventually(lambda: handled(server, "pour", "Canceled", "server_stream") == 1)


async def test_each_method_is_there_with_zeros_from_the_start(server: HandlerServer) -> None:
    assert "grpc_server_started_total" in {
        sample.name for family in server.registry.collect() for sample in family.samples
    }
    assert server.registry.get_sample_value("grpc_server_started_total", labels_of("echo")) == 0
    assert server.registry.get_sample_value("grpc_server_handling_seconds_count", labels_of("echo")) == 0


def labels_of(name: str) -> dict[str, str]:
    return {"grpc_type": "unary", "grpc_service": "test.Handlers", "grpc_method": name}


async def test_a_method_that_nobody_serves_is_unimplemented(server: HandlerServer) -> None:
    error = await error_of(server.unary("nothing"))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_codes_are_spelled_as_dashboards_expect() -> None:
    assert {code.name: dashboard_name(code) for code in grpc.StatusCode} == GO_NAMES
