"""Subscribers that read no message but answer pings, as a client does whose program is stuck."""

from __future__ import annotations

import selectors
import threading
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from benchmarks.harness.http2 import Http2Connection, Kind, UnexpectedAnswerError
from benchmarks.harness.subscription import READ_WITHIN_S
from strategic_memory.v1 import service_pb2

WINDOW_BYTES = 16
"""What each takes, less than one message."""

_METHOD = "/strategic_memory.v1.StrategicMemoryService/StreamFeedback"
_POLL_S = 0.05


class StalledSubscribers:
    """So many of them, each on a connection of its own and with DELIVERY_EVERY, served by a thread.

    Args:
        address: host:port.
        count: how many.
    """

    def __init__(self, address: str, count: int) -> None:
        self._address = address
        self._count = count
        self._received = 0
        self._closing = threading.Event()
        self._stack = ExitStack()
        self._selector = self._stack.enter_context(selectors.DefaultSelector())
        self._thread = threading.Thread(target=self._serve, name="stalled-subscribers", daemon=True)

    def __enter__(self) -> Self:
        """Open them; each is stalled then.

        Raises:
            TimeoutError: the server did not fill their windows.
        """
        with ExitStack() as opening:
            opening.push(self._stack)
            request = service_pb2.StreamFeedbackRequest(delivery=service_pb2.DELIVERY_EVERY).SerializeToString()
            for _ in range(self._count):
                connection = self._stack.enter_context(
                    Http2Connection(self._address, _METHOD, stream_window=WINDOW_BYTES)
                )
                connection.socket.sendall(connection.call(request))
                self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            deadline = time.monotonic() + READ_WITHIN_S
            while self._received < self._count * WINDOW_BYTES:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"they have not stalled within {READ_WITHIN_S:g} s")
                self._read()
            self._thread.start()
            opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join()
        self._stack.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            self._read()

    def _read(self) -> None:
        for key, _ in self._selector.select(_POLL_S):
            try:
                frames = list(key.data.receive())
            except UnexpectedAnswerError:
                # The server has ended it, which is its right.
                self._selector.unregister(key.fileobj)
                continue
            self._received += sum(len(frame.payload) for frame in frames if frame.kind == Kind.DATA)
