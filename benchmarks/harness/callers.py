"""Concurrent callers of a unary method, each of which waits for its answer before it asks again."""

from __future__ import annotations

import time

from benchmarks.harness.http2 import PREFIX_BYTES, Http2Connection, Kind, UnexpectedAnswerError


class Callers(Http2Connection):
    """Callers over one connection; their request is empty.

    Args:
        address: host:port.
        method: "/package.Service/Method".
        least_bytes: least length of the message that each call must return.
        callers: calls in hand at once.
    """

    def __init__(self, address: str, method: str, least_bytes: int, callers: int) -> None:
        super().__init__(address, method)
        self._least_bytes = PREFIX_BYTES + least_bytes
        self._callers = callers
        self._data: dict[int, int] = {}

    def ask_for(self, seconds: float) -> int:
        """Call for so long and give the number of answers; none is left in hand.

        Raises:
            UnexpectedAnswerError: an answer was shorter than that.
        """
        deadline = time.perf_counter() + seconds
        answered, in_hand = 0, self._callers
        self.socket.sendall(b"".join(self.call(b"") for _ in range(self._callers)))
        while in_hand:
            completed = self._completed()
            answered += completed
            in_hand -= completed
            if completed and time.perf_counter() < deadline:
                in_hand += completed
                self.socket.sendall(b"".join(self.call(b"") for _ in range(completed)))
        return answered

    def _completed(self) -> int:
        """Return the number of calls that have ended."""
        completed = 0
        for frame in self.receive():
            if frame.kind == Kind.DATA:
                self._data[frame.stream] = self._data.get(frame.stream, 0) + len(frame.payload)
            elif frame.ends_stream:
                if self._data.pop(frame.stream, 0) < self._least_bytes:
                    raise UnexpectedAnswerError(f"a call was not answered with {self._least_bytes} bytes or more")
                completed += 1
        return completed
