"""What the streams of a client hand out, for whoever iterates where the client was made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from strategic_memory_client.transports.rooted import Rooted
from strategic_memory_client.values.errors import SharedClientError

if TYPE_CHECKING:
    from strategic_memory_client.transports.asynchronous.transport import AsyncTransport
    from strategic_memory_client.transports.synchronous.transport import SyncTransport

_Item = TypeVar("_Item")


class FeedbackStream(Rooted, Generator[_Item, None, None]):
    """The iteration of a blocking client."""

    __slots__ = ("_items", "_transport")

    def __init__(self, items: Generator[_Item, None, None], transport: SyncTransport) -> None:
        self._items = items
        self._transport = transport

    def send(self, value: None) -> _Item:
        """Wait for the next one. Raises ClientClosedError in a forked process, SharedClientError if another waits."""
        self._transport.require_here()
        _require_unread(self._items, "gi_running")
        with self._transport.readers.waiting():
            return self._items.send(value)

    def throw(
        self,
        kind: type[BaseException] | BaseException,
        error: BaseException | object = None,
        trace: TracebackType | None = None,
    ) -> _Item:
        """Raise this where the iteration stands."""
        return self._items.throw(error if isinstance(error, BaseException) else kind)

    def close(self) -> None:
        """End the iteration. Any number of times. Raises SharedClientError while another thread waits for the next."""
        _require_unread(self._items, "gi_running")
        self._items.close()


class AsyncFeedbackStream(Rooted, AsyncGenerator[_Item, None]):
    """The iteration of an asynchronous client."""

    __slots__ = ("_items", "_transport")

    def __init__(self, items: AsyncGenerator[_Item, None], transport: AsyncTransport) -> None:
        self._items = items
        self._transport = transport

    async def asend(self, value: None) -> _Item:
        """Wait for the next one. Raises ClientClosedError in a forked process, SharedClientError in another loop."""
        self._transport.require_here()
        return await self._items.asend(value)

    async def athrow(
        self,
        kind: type[BaseException] | BaseException,
        error: BaseException | object = None,
        trace: TracebackType | None = None,
    ) -> _Item:
        """Raise this where the iteration stands."""
        return await self._items.athrow(error if isinstance(error, BaseException) else kind)

    async def aclose(self) -> None:
        """End the iteration. Any number of times. Raises SharedClientError in another loop, or where a task waits."""
        self._transport.require_here()
        _require_unread(self._items, "ag_running")
        await self._items.aclose()


def _require_unread(items: object, running: str) -> None:
    if getattr(items, running, False):
        raise SharedClientError(
            "the stream is waited for elsewhere just now: end it there, or close the client, which ends all its streams"
        )
