"""Many streams of one server over a few connections, and the moment at which the last of them has been served."""

from __future__ import annotations

import selectors
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from benchmarks.harness.http2 import PREFIX_BYTES, Http2Connection, Kind, UnexpectedAnswerError
from benchmarks.harness.subscription import READ_WITHIN_S, stream_request

_METHOD = "/strategic_memory.v1.StrategicMemoryService/StreamFeedback"


class _Listeners(Http2Connection):
    """The streams of one connection."""

    def __init__(self, address: str, streams: int) -> None:
        super().__init__(address, _METHOD)
        self._unread: dict[int, bytes] = {}
        request = stream_request().SerializeToString()
        self.socket.sendall(b"".join(self.call(request) for _ in range(streams)))

    def messages(self) -> int:
        """Wait for bytes and give the number of messages that are complete with them."""
        complete = 0
        for frame in self.receive():
            if frame.kind != Kind.DATA:
                if frame.ends_stream:
                    raise UnexpectedAnswerError("the server ended a stream")
                continue
            unread = self._unread.get(frame.stream, b"") + frame.payload
            while len(unread) >= PREFIX_BYTES:
                end = PREFIX_BYTES + int.from_bytes(unread[1:PREFIX_BYTES], "big")
                if end > len(unread):
                    break
                complete += 1
                unread = unread[end:]
            self._unread[frame.stream] = unread
        return complete


class Audience:
    """So many subscribers of one server.

    Args:
        address: host:port.
        streams: number of streams.
        connections: number of connections that they share.
    """

    def __init__(self, address: str, streams: int, connections: int) -> None:
        self.streams = streams
        self._shares = [len(range(number, streams, connections)) for number in range(connections)]
        self._address = address
        self._stack = ExitStack()
        self._selector = self._stack.enter_context(selectors.DefaultSelector())

    def __enter__(self) -> Self:
        """Open all streams; each has received its first message then."""
        with ExitStack() as opening:
            opening.push(self._stack)
            for share in self._shares:
                listeners = self._stack.enter_context(_Listeners(self._address, share))
                self._selector.register(listeners.socket, selectors.EVENT_READ, listeners)
                self._take(share)
            opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def served(self) -> float:
        """Wait until each stream has got one message more; when the last one came, by `time.perf_counter()`.

        Raises:
            TimeoutError: it did not come.
            UnexpectedAnswerError: a stream ended, or more came than there are streams.
        """
        self._take(self.streams)
        return time.perf_counter()

    def _take(self, messages: int) -> None:
        deadline = time.monotonic() + READ_WITHIN_S
        while messages > 0:
            ready = self._selector.select(max(deadline - time.monotonic(), 0.0))
            if not ready:
                raise TimeoutError(f"{messages} messages have not come within {READ_WITHIN_S:g} s")
            messages -= sum(key.data.messages() for key, _ in ready)
        if messages:
            raise UnexpectedAnswerError(f"{-messages} more messages came than there are streams")
