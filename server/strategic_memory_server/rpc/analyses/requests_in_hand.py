"""RequestsInHand: how many bytes of requests are held at once. A request counts before the first byte of it is taken.

How large it is going to be nobody knows, so it counts as the largest that is taken until it is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from strategic_memory_server.faults.limits import (
    RequestTooLargeError,
    RequestTooSlowError,
    TooMuchInHandError,
)
from strategic_memory_server.rpc.analyses.analysis_threads import LARGE_REQUEST_BYTES
from strategic_memory_server.rpc.analyses.heap import give_back_freed_memory
from strategic_memory_server.rpc.wire.unparsed import Unparsed

LONGEST_WAIT_S = 20.0
"""Longest wait for room before a call is refused."""

LONGEST_RECEIPT_S = 15.0
"""Longest time that a request may take to arrive, for others wait: 16 MiB at 9 Mbit/s."""

MessageT = TypeVar("MessageT")


class RequestsInHand:
    """Counts the bytes. Callers take turns: however many requests one of them has waiting, another's is next.

    Args:
        largest: size of the largest request, bytes.
        together: size of all requests together that are held at once, bytes; at least `largest`.
        of_caller: size of those of one caller, bytes, at least `largest`; None: as of all.
    """

    def __init__(self, largest: int, together: int, of_caller: int | None = None) -> None:
        self._largest = largest
        self._of_caller = together if of_caller is None else of_caller
        self._all = _Room(together)
        self._by_caller: dict[str, _Room] = {}

    @property
    def bytes(self) -> int:
        """Bytes of all requests that are held."""
        return self._all.bytes

    @asynccontextmanager
    async def received(
        self, receive: Callable[[], Awaitable[Unparsed[MessageT]]], caller: str = ""
    ) -> AsyncIterator[Unparsed[MessageT]]:
        """Receive a request of a caller when there is room for it, and count it until the context is left.

        Raises:
            TooMuchInHandError: there was no room for a long time.
            RequestTooSlowError: it did not arrive in time.
            RequestTooLargeError: it is larger than is taken.
        """
        with self._room_of(caller) as own:
            await self._reserve(own)
            counted = self._largest
            try:
                request = await self._receive(receive)
                size = len(request)
                for room in (self._all, own):
                    room.free(counted - size)
                counted = size
                yield request
            finally:
                for room in (self._all, own):
                    room.free(counted)

    @contextmanager
    def _room_of(self, caller: str) -> Iterator[_Room]:
        room = self._by_caller.setdefault(caller, _Room(self._of_caller))
        room.calls += 1
        try:
            yield room
        finally:
            room.calls -= 1
            if not room.calls:
                del self._by_caller[caller]

    async def _reserve(self, own: _Room) -> None:
        """Wait for room for the largest request: of the caller's own first, so that one of it at most waits for all."""
        waits_for = own
        try:
            async with asyncio.timeout(LONGEST_WAIT_S), own.turn:
                await own.has(self._largest)
                waits_for = self._all
                async with self._all.turn:
                    await self._all.has(self._largest)
                    for room in (self._all, own):
                        room.bytes += self._largest
        except TimeoutError:
            raise TooMuchInHandError(waits_for.most, of_caller=waits_for.most < self._all.most) from None

    async def _receive(self, receive: Callable[[], Awaitable[Unparsed[MessageT]]]) -> Unparsed[MessageT]:
        try:
            async with asyncio.timeout(LONGEST_RECEIPT_S):
                request = await receive()
        except TimeoutError:
            raise RequestTooSlowError(LONGEST_RECEIPT_S) from None
        size = len(request)
        if size > self._largest:
            del request
        if size >= LARGE_REQUEST_BYTES:
            # gRPC has received it in small pieces, which are free by now.
            await asyncio.to_thread(give_back_freed_memory)
        if size > self._largest:
            raise RequestTooLargeError(size, self._largest)
        return request


class _Room:
    """Bytes that may be held, and who waits for them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        self.calls = 0
        self.turn = asyncio.Lock()
        self._freed = asyncio.Event()

    async def has(self, count: int) -> None:
        """Wait for so many bytes; for whoever has the turn."""
        while self.bytes + count > self.most:
            self._freed.clear()
            await self._freed.wait()

    def free(self, count: int) -> None:
        self.bytes -= count
        self._freed.set()
