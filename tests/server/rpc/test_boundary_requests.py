"""Which requests the boundary lets through: messages that are some, and calls up to a number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_handlers import handler_server
from processes import aeventually
from server.rpc.boundary_calls import count_to_three, echo, error_after_messages, error_of, handled, rich_status

from strategic_memory.v1 import analysis_pb2, service_pb2
from strategic_memory_server.rpc.wire.unreceived import Unreceived


async def test_bytes_that_are_no_message_are_a_bad_request() -> None:
    async with handler_server(
        unary={"echo": echo},
        stream={"count_to_three": count_to_three},
        deserialize=service_pb2.AnalyzeRequest.FromString,
    ) as server:
        errors = [
            await error_of(server.unary("echo", b"\xff\xff\xff")),
            (await error_after_messages(server.stream("count_to_three", b"\xff\xff\xff")))[1],
        ]
        for error in errors:
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "DecodeError" not in (error.details() or "")
        assert handled(server, "echo", "InvalidArgument") == 1


async def test_a_method_that_receives_its_request_itself_gets_it_when_it_says_so() -> None:
    may_come = asyncio.Event()

    async def receive(request: Unreceived[service_pb2.AnalyzeRequest], _context: object) -> bytes:
        await may_come.wait()
        received = await request.receive()
        size = len(received)
        sent = received.parse_and_forget()
        assert size == sent.ByteSize()
        assert len(received) == 0
        return str(sent.settings.trade_window).encode()

    async with handler_server(
        unary={"receive": receive}, deserialize=service_pb2.AnalyzeRequest.FromString, receiving=["receive"]
    ) as server:
        asked = service_pb2.AnalyzeRequest(settings=analysis_pb2.AnalysisSettings(trade_window=7))
        call = asyncio.create_task(server.unary("receive", asked.SerializeToString()))
        await aeventually(lambda: server.count("grpc_server_started_total", "receive") == 1)
        assert server.count("grpc_server_msg_received_total", "receive") == 0
        may_come.set()
        assert await call == b"7"
        error = await error_of(server.unary("receive", b"\xff\xff\xff"))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "DecodeError" not in (error.details() or "")
        nothing: Any = server.channel.stream_unary("/test.Handlers/receive")
        error = await error_of(nothing(iter(()), timeout=30))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "request: is missing" in (error.details() or "")
        assert server.count("grpc_server_msg_received_total", "receive") == 2
        assert handled(server, "receive", "InvalidArgument") == 2


async def test_calls_of_a_method_are_admitted_up_to_a_number() -> None:
    released = asyncio.Event()

    async def hold(_request: bytes, _context: object) -> bytes:
        await released.wait()
        return b"held"

    async def pour(_request: bytes, _context: object) -> AsyncIterator[bytes]:
        yield b"1"
        await released.wait()

    limits = {"hold": 2, "pour": 2}
    async with handler_server(unary={"hold": hold, "echo": echo}, stream={"pour": pour}, most_at_once=limits) as server:
        held = [asyncio.create_task(server.unary("hold")) for _ in range(2)]
        poured = [server.stream("pour") for _ in range(2)]
        assert [await stream.read() for stream in poured] == [b"1", b"1"]
        await aeventually(lambda: server.count("grpc_server_started_total", "hold") == 2)
        for refused in (error_of(server.unary("hold")), error_after_messages(server.stream("pour"))):
            found = await refused
            error = found[1] if isinstance(found, tuple) else found
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "2 calls of /test.Handlers/" in (error.details() or "")
            info = error_details_pb2.ErrorInfo()
            assert rich_status(error).details[0].Unpack(info)
            assert info.reason == "TOO_MANY_CALLS"
        assert await server.unary("echo", b"others are served") == b"others are served"
        poured.pop().cancel()
        await aeventually(lambda: handled(server, "pour", "Canceled", "server_stream") == 1)
        next_one = server.stream("pour")
        assert await next_one.read() == b"1"
        released.set()
        assert await asyncio.gather(*held) == [b"held", b"held"]
        assert await server.unary("hold") == b"held"
