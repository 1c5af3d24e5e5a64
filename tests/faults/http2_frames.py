"""The few HTTP/2 frames (RFC 9113) that one gRPC call needs, as bytes; no socket."""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

END_STREAM = 0x1
END_HEADERS = 0x4
ACK = 0x1

_HEADER_BYTES = 9
_INITIAL_WINDOW_SIZE = 0x4
_LONGEST_SHORT_INTEGER = 126


class FrameType(enum.IntEnum):
    """Kinds of frames (RFC 9113, section 6)."""

    DATA = 0x0
    HEADERS = 0x1
    PRIORITY = 0x2
    RST_STREAM = 0x3
    SETTINGS = 0x4
    PUSH_PROMISE = 0x5
    PING = 0x6
    GOAWAY = 0x7
    WINDOW_UPDATE = 0x8
    CONTINUATION = 0x9


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `kind` is the number of a kind that is not known here."""

    kind: int
    flags: int = 0
    stream: int = 0
    payload: bytes = b""

    def encoded(self) -> bytes:
        """Return it as it goes over the wire."""
        header = struct.pack(">I", len(self.payload))[1:] + struct.pack(">BBI", self.kind, self.flags, self.stream)
        return header + self.payload


class FrameParser:
    """Cuts what is read into frames."""

    def __init__(self) -> None:
        self._unread = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes in; give the frames that are complete."""
        self._unread += data
        while len(self._unread) >= _HEADER_BYTES:
            length = int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < _HEADER_BYTES + length:
                return
            kind, flags, stream = struct.unpack(">BBI", self._unread[3:_HEADER_BYTES])
            payload = self._unread[_HEADER_BYTES : _HEADER_BYTES + length]
            self._unread = self._unread[_HEADER_BYTES + length :]
            yield Frame(kind, flags, stream & 0x7FFFFFFF, payload)


def settings(initial_window_bytes: int) -> Frame:
    """Return settings that grant each stream so many bytes."""
    return Frame(FrameType.SETTINGS, payload=struct.pack(">HI", _INITIAL_WINDOW_SIZE, initial_window_bytes))


def headers(stream: int, fields: Sequence[tuple[str, str]]) -> Frame:
    """Return request headers, uncompressed (RFC 7541, section 6.2.2); names and values have 126 bytes at most."""
    block = b"".join(b"\x00" + _string(name) + _string(value) for name, value in fields)
    return Frame(FrameType.HEADERS, END_HEADERS, stream, block)


def grpc_message(stream: int, message: bytes) -> Frame:
    """Return the only message of a call, uncompressed."""
    return Frame(FrameType.DATA, END_STREAM, stream, struct.pack(">BI", 0, len(message)) + message)


def _string(text: str) -> bytes:
    encoded = text.encode("ascii")
    if len(encoded) > _LONGEST_SHORT_INTEGER:
        raise ValueError(f"a header of {len(encoded)} bytes is too long here")
    return bytes([len(encoded)]) + encoded
