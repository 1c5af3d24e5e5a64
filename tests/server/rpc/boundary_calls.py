"""Handlers that do what they should, and what a caller makes of how a call has ended."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable

import grpc
import pytest
from google.rpc import status_pb2
from grpc_handlers import HandlerServer


async def echo(request: bytes, _context: object) -> bytes:
    return request


async def count_to_three(_request: bytes, _context: object) -> AsyncIterator[bytes]:
    for number in (b"1", b"2", b"3"):
        yield number


async def error_of(call: Awaitable[object]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value


def rich_status(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """The status with its details, as a client reads it."""
    metadata = dict(error.trailing_metadata() or ())
    return status_pb2.Status.FromString(metadata["grpc-status-details-bin"])


async def error_after_messages(stream: AsyncIterable[bytes]) -> tuple[list[bytes], grpc.aio.AioRpcError]:
    received: list[bytes] = []

    async def read() -> None:
        async for message in stream:
            received.extend([message])

    return received, await error_of(read())


def handled(server: HandlerServer, name: str, code: str, kind: str = "unary") -> float:
    return server.count("grpc_server_handled_total", name, grpc_code=code, grpc_type=kind)
