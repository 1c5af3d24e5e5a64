"""RequestsInHand: how many bytes of requests are held at once. A request counts before the first byte of it is taken.

How large it is going to be nobody knows, so it counts as the largest that is taken until it is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from strategic_memory_server.faults.errors import RequestTooLargeError, RequestTooSlowError, TooMuchInHandError
from strategic_memory_server.rpc.analyses.analysis_threads import LARGE_REQUEST_BYTES
from strategic_memory_server.rpc.analyses.heap import give_back_freed_memory
from strategic_memory_server.rpc.wire.unparsed import Unparsed

LONGEST_WAIT_S = 20.0
"""Longest wait for room before a call is refused."""

LONGEST_RECEIPT_S = 15.0
"""Longest time that a request may take to arrive, for others wait: 16 MiB at 9 Mbit/s."""

MessageT = TypeVar("MessageT")


class RequestsInHand:
    """Counts the bytes.

    Args:
        largest: size of the largest request, bytes.
        together: size of all requests together that are held at once, bytes; at least `largest`.
    """

    def __init__(self, largest: int, together: int) -> None:
        self.bytes = 0
        self._largest = largest
        self._together = together
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def received(self, receive: Callable[[], Awaitable[Unparsed[MessageT]]]) -> AsyncIterator[Unparsed[MessageT]]:
        """Receive a request when there is room for it, and count it until the context is left.

        Raises:
            TooMuchInHandError: there was no room for a long time.
            RequestTooSlowError: it did not arrive in time.
            RequestTooLargeError: it is larger than is taken.
        """
        await self._reserve()
        counted = self._largest
        try:
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
            self._free(counted - size)
            counted = size
            yield request
        finally:
            self._free(counted)

    async def _reserve(self) -> None:
        """Wait for room for the largest request, first come, first served."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_S), self._turn:
                while self.bytes + self._largest > self._together:
                    self._freed.clear()
                    await self._freed.wait()
                self.bytes += self._largest
        except TimeoutError:
            raise TooMuchInHandError(self._together) from None

    def _free(self, count: int) -> None:
        self.bytes -= count
        self._freed.set()
