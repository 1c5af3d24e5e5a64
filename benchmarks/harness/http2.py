"""Just enough HTTP/2 (RFC 9113) for gRPC calls that cost the caller next to nothing.

A Python gRPC client spends as much time on a message as a server does, and on a machine with few cores it would hide
what the server takes. Headers are indexed after the first call, as those of an ordinary client are (RFC 7541).
"""

from __future__ import annotations

import enum
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

PREFIX_BYTES = 5
"""What gRPC puts before each message: a flag and four bytes of length."""

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_END_STREAM, _ACK, _END_HEADERS = 0x1, 0x1, 0x4
_INITIAL_WINDOW_SIZE = 4
_LARGEST_WINDOW = 2**31 - 1
_STANDARD_WINDOW = 65_535
_HEADER_BYTES = 9
_ANSWER_WITHIN_S = 30.0

# Static table: ":method: POST" and ":scheme: http"; then the four fields that the first call adds to the dynamic one.
_METHOD_AND_SCHEME = bytes([0x83, 0x86])
_LATER_HEADERS = _METHOD_AND_SCHEME + bytes([0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62])


class Kind(enum.IntEnum):
    """Types of frames."""

    DATA = 0
    HEADERS = 1
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a stream."""

    kind: int
    stream: int
    payload: bytes
    ends_stream: bool


class UnexpectedAnswerError(ConnectionError):
    """The server refused a call, ended it or closed the connection."""


class Http2Connection:
    """One connection for calls of one method.

    Args:
        address: host:port.
        method: "/package.Service/Method".
        stream_window: bytes of messages that each stream takes in all.
    """

    def __init__(self, address: str, method: str, *, stream_window: int = _LARGEST_WINDOW) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=_ANSWER_WITHIN_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = _first_headers(method, address)
        self._next_stream = 1
        self._send_window = _STANDARD_WINDOW
        self._received = b""
        self.socket.sendall(
            _PREFACE
            + _frame(Kind.SETTINGS, 0, 0, struct.pack("!HI", _INITIAL_WINDOW_SIZE, stream_window))
            + _frame(Kind.WINDOW_UPDATE, 0, 0, struct.pack("!I", _LARGEST_WINDOW - _STANDARD_WINDOW))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def call(self, message: bytes) -> bytes:
        """Return the bytes of the next call; they have to be sent in the order in which they were asked for.

        Raises:
            UnexpectedAnswerError: the server has left no room for them.
        """
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        headers, self._headers = self._headers, _LATER_HEADERS
        self._send_window -= PREFIX_BYTES + len(message)
        if self._send_window < 0:
            raise UnexpectedAnswerError("the server did not open the connection's window again")
        data = struct.pack("!BI", 0, len(message)) + message
        return _frame(Kind.HEADERS, _END_HEADERS, stream, headers) + _frame(Kind.DATA, _END_STREAM, stream, data)

    def receive(self) -> Iterator[Frame]:
        """Wait for bytes and give the frames of streams in them; what the connection itself wants is answered.

        Raises:
            UnexpectedAnswerError: the server reset a stream or ended the connection.
        """
        arrived = self.socket.recv(1 << 18)
        if not arrived:
            raise UnexpectedAnswerError("the server closed the connection")
        self._received += arrived
        replies = b""
        for kind, flags, stream, payload in self._frames():
            if kind in (Kind.DATA, Kind.HEADERS):
                yield Frame(kind, stream, payload, bool(flags & _END_STREAM))
            elif kind in (Kind.SETTINGS, Kind.PING) and not flags & _ACK:
                replies += _frame(kind, _ACK, 0, payload if kind == Kind.PING else b"")
            elif kind == Kind.WINDOW_UPDATE and stream == 0:
                self._send_window += int.from_bytes(payload, "big")
            elif kind in (Kind.RST_STREAM, Kind.GOAWAY):
                raise UnexpectedAnswerError("the server reset a stream or ended the connection")
        if replies:
            self.socket.sendall(replies)

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
    """Return the headers of the first call, which enter the dynamic table: path, authority, content-type, te."""
    path_and_authority = b"\x44" + _text(method) + b"\x41" + _text(authority)
    fields = (("content-type", "application/grpc"), ("te", "trailers"))
    return (
        _METHOD_AND_SCHEME
        + path_and_authority
        + b"".join(b"\x40" + _text(name) + _text(value) for name, value in fields)
    )


def _text(value: str) -> bytes:
    raw = value.encode()
    if len(raw) > 126:
        raise ValueError(f"a header of more than 126 bytes needs a longer form: {value[:40]}")
    return bytes([len(raw)]) + raw
