"""A listener that accepts by itself, where there are no descriptors."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from strategic_memory_server.monitoring import bounded_listener
from strategic_memory_server.monitoring.bounded_listener import BoundedListener

pytestmark = pytest.mark.both_loops


class WithoutDescriptors(socket.socket):
    """Listens, and cannot accept for so many times."""

    failures = 3

    def accept(self) -> tuple[socket.socket, Any]:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


class Greets(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of uvloop are of no class of asyncio.
        cast("asyncio.Transport", transport).write(b"here")
        asyncio.get_running_loop().call_soon(transport.close)


@contextmanager
def without_descriptors() -> Iterator[tuple[WithoutDescriptors, BoundedListener]]:
    with WithoutDescriptors() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening, BoundedListener(listening, 9, Greets)


async def test_who_cannot_be_accepted_is_told_of_and_accepted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_listener, "EXHAUSTED_PAUSE_S", 0.01)
    told: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: told.append(context["exception"]))
    with without_descriptors() as (listening, listener):
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            assert await reader.read() == b"here"
        writer.close()
        listener.close()
        await listener.wait_closed()
    assert [getattr(error, "errno", None) for error in told] == 3 * [errno.EMFILE]


async def test_while_there_are_none_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_listener, "EXHAUSTED_PAUSE_S", 3_600.0)
    tried = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: tried.set())
    with without_descriptors() as (listening, listener):
        async with asyncio.timeout(30):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            await tried.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert listening.failures == WithoutDescriptors.failures - 1
        listener.close()
        writer.close()
