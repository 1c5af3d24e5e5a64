"""Concurrent gRPC callers that cost next to nothing, so that the server is what limits the rate.

A Python gRPC client spends more time on a call than the server does, and would hide what the server takes. This one
speaks just enough HTTP/2 (RFC 9113) for unary calls with an empty request over one connection: its headers are indexed
after the first call, as those of an ordinary client are (RFC 7541), and it only counts what comes back.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _ACK, _END_HEADERS = 0x1, 0x1, 0x4
_INITIAL_WINDOW_SIZE = 4
_LARGEST_WINDOW = 2**31 - 1
_STANDARD_WINDOW = 65_535
_HEADER_BYTES = 9
_EMPTY_MESSAGE = bytes(5)
_ANSWER_WITHIN_S = 10.0

# Static table: ":method: POST" and ":scheme: http"; then the four fields that the first call adds to the dynamic one.
_LATER_CALLS = bytes([0x83, 0x86, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62])


class UnexpectedAnswerError(ConnectionError):
    """The server refused a call or closed the connection."""


class Http2Callers:
    """Callers of one method over one connection, each of which waits for its answer before it asks again.

    Args:
        address: host:port.
        method: "/package.Service/Method".
        answer_bytes: length of the message that each call must return.
        callers: calls in hand at once.
    """

    def __init__(self, address: str, method: str, answer_bytes: int, callers: int) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=_ANSWER_WITHIN_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._first_headers = _first_headers(method, address)
        self._answer_bytes = len(_EMPTY_MESSAGE) + answer_bytes
        self._callers = callers
        self._next_stream = 1
        self._send_window = _STANDARD_WINDOW
        self._received = b""
        self._data: dict[int, int] = {}
        self._socket.sendall(
            _PREFACE
            + _frame(_SETTINGS, 0, 0, struct.pack("!HI", _INITIAL_WINDOW_SIZE, _LARGEST_WINDOW))
            + _frame(_WINDOW_UPDATE, 0, 0, struct.pack("!I", _LARGEST_WINDOW - _STANDARD_WINDOW))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask_for(self, seconds: float) -> int:
        """Call for so long and give the number of answers; none is left in hand.

        Raises:
            UnexpectedAnswerError: an answer was not a message of the expected length.
        """
        deadline = time.perf_counter() + seconds
        answered, in_hand = 0, self._callers
        self._socket.sendall(b"".join(self._call() for _ in range(self._callers)))
        while in_hand:
            self._received += self._socket.recv(1 << 18) or _closed()
            completed, replies = self._take_frames()
            answered += completed
            in_hand -= completed
            if time.perf_counter() < deadline:
                replies += [self._call() for _ in range(completed)]
                in_hand += completed
            if replies:
                self._socket.sendall(b"".join(replies))
        return answered

    def _call(self) -> bytes:
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        self._send_window -= len(_EMPTY_MESSAGE)
        if self._send_window < 0:
            raise UnexpectedAnswerError("the server did not open the connection's window again")
        headers = self._first_headers if stream == 1 else _LATER_CALLS
        return _frame(_HEADERS, _END_HEADERS, stream, headers) + _frame(_DATA, _END_STREAM, stream, _EMPTY_MESSAGE)

    def _take_frames(self) -> tuple[int, list[bytes]]:
        """Take every whole frame that has arrived: the calls that ended, and what the protocol wants sent back."""
        completed = 0
        replies: list[bytes] = []
        for kind, flags, stream, payload in self._frames():
            if kind == _DATA:
                self._data[stream] = self._data.get(stream, 0) + len(payload)
            elif kind == _HEADERS and flags & _END_STREAM:
                if self._data.pop(stream, 0) != self._answer_bytes:
                    raise UnexpectedAnswerError(f"call {stream} was not answered with {self._answer_bytes} bytes")
                completed += 1
            elif kind in (_SETTINGS, _PING) and not flags & _ACK:
                replies.append(_frame(kind, _ACK, 0, payload if kind == _PING else b""))
            elif kind == _WINDOW_UPDATE and stream == 0:
                self._send_window += struct.unpack("!I", payload)[0]
            elif kind in (_RST_STREAM, _GOAWAY):
                raise UnexpectedAnswerError("the server ended a call or the connection")
        return completed, replies

    def _frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        received, at = self._received, 0
        while at + _HEADER_BYTES <= len(received):
            start = at + _HEADER_BYTES
            end = start + int.from_bytes(received[at : at + 3], "big")
            if end > len(received):
                break
            kind, flags, stream = struct.unpack_from("!BBI", received, at + 3)
            yield kind, flags, stream, received[start:end]
            at = end
        self._received = received[at:]


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + struct.pack("!BBI", kind, flags, stream) + payload


def _first_headers(method: str, authority: str) -> bytes:
    """Give the headers of the first call, which enter the dynamic table: path, authority, content-type, te."""
    return (
        bytes([0x83, 0x86])
        + bytes([0x44])
        + _text(method)
        + bytes([0x41])
        + _text(authority)
        + bytes([0x40])
        + _text("content-type")
        + _text("application/grpc")
        + bytes([0x40])
        + _text("te")
        + _text("trailers")
    )


def _text(value: str) -> bytes:
    raw = value.encode()
    if len(raw) > 126:
        raise ValueError(f"a header of more than 126 bytes needs a longer form: {value[:40]}")
    return bytes([len(raw)]) + raw


def _closed() -> bytes:
    raise UnexpectedAnswerError("the server closed the connection")
