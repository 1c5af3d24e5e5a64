"""Unreceived: a request that the peer is about to send, for methods that say when it may come.

Until then HTTP/2 flow control holds it back at the sender: of a message that nobody reads a connection takes 64 KiB.
gRPC itself receives the request of a unary method as a whole before its handler is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import grpc

from strategic_memory_server.faults.errors import InvalidRequestError, Violation
from strategic_memory_server.rpc.wire.unparsed import Unparsed

MessageT = TypeVar("MessageT")


class Unreceived(Generic[MessageT]):
    """The request of one call.

    Args:
        read: receives it; raw bytes, or `grpc.aio.EOF`.
        deserialize: parses it.
    """

    __slots__ = ("_deserialize", "_read")

    def __init__(self, read: Callable[[], Awaitable[Any]], deserialize: Callable[[bytes], MessageT]) -> None:
        self._read = read
        self._deserialize = deserialize

    async def receive(self) -> Unparsed[MessageT]:
        """Receive it, once.

        Raises:
            InvalidRequestError: there is none.
        """
        raw = await self._read()
        if raw is grpc.aio.EOF:
            raise InvalidRequestError(Violation("request", "is missing, or the call has ended; send one message"))
        return Unparsed(self._deserialize, raw)
