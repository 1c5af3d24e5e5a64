"""Connections of somebody who floods a service: they send, and read what comes without a look at it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from faults.http2_frames import ACK, PREFACE, Frame, FrameType, settings

_LARGE_WINDOW = 2**20
STREAM_FEEDBACK = "/strategic_memory.v1.StrategicMemoryService/StreamFeedback"
GET_FEEDBACK = "/strategic_memory.v1.StrategicMemoryService/GetFeedback"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a flood goes.

    Attributes:
        address: host:port.
        context: TLS; None: without.
        own_host: address on loopback that it comes from; None: as the system sees fit.
    """

    address: str
    context: ssl.SSLContext | None = None
    own_host: str | None = None

    def fields(self, path: str) -> list[tuple[str, str]]:
        """Return the headers of a call."""
        return [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", self.address),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
        ]


class Connection:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received = 0
        """Bytes that have come."""
        self._reader, self._writer = reader, writer
        self._came = asyncio.Event()
        self._reading = asyncio.create_task(self._discard())

    @property
    def is_open(self) -> bool:
        """Whether the service has left it open."""
        return not self._reading.done()

    def write(self, data: bytes) -> None:
        """Send something."""
        self._writer.write(data)

    async def drain(self) -> None:
        """Wait until not much is left to be sent. Raises ConnectionError."""
        await self._writer.drain()

    async def more(self, than: int) -> None:
        """Wait until more bytes have come, or the end."""
        while self.received <= than and self.is_open:
            self._came.clear()
            await self._came.wait()

    def close(self) -> None:
        """End it at once."""
        self._reading.cancel()
        self._writer.transport.abort()

    async def _discard(self) -> None:
        try:
            while data := await self._reader.read(2**16):
                self.received += len(data)
                self._came.set()
        except OSError:
            pass
        finally:
            asyncio.get_running_loop().call_soon(self._came.set)


@asynccontextmanager
async def connected(target: Target, *, encrypted: bool = True) -> AsyncIterator[Connection]:
    """Connect, and end that when the context is left. Raises OSError."""
    host, _, port = target.address.rpartition(":")
    own = None if target.own_host is None else (target.own_host, 0)
    context = target.context if encrypted else None
    connection = Connection(*await asyncio.open_connection(host, int(port), ssl=context, local_addr=own))
    try:
        yield connection
    finally:
        connection.close()


async def http2(stack: AsyncExitStack, target: Target) -> Connection:
    """Connect until the stack is left, and begin HTTP/2. Raises OSError."""
    connection = await stack.enter_async_context(connected(target))
    connection.write(PREFACE + settings(_LARGE_WINDOW).encoded() + Frame(FrameType.SETTINGS, ACK).encoded())
    return connection
