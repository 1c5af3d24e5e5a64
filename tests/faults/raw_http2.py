"""UnreadStream: a subscriber that opens StreamFeedback with a tiny window and then never makes room again.

No gRPC library behaves so; a client whose process is stuck does. It speaks just enough HTTP/2 to stay connected: the
server must bear it by its own means.
"""

from __future__ import annotations

import socket
import threading
from typing import Self

from faults.http2_frames import (
    ACK,
    END_STREAM,
    PREFACE,
    Frame,
    FrameParser,
    FrameType,
    grpc_message,
    headers,
    settings,
)

from strategic_memory.v1 import service_pb2

_STREAM = 1
_READ_BYTES = 65_536
_CONNECT_WITHIN_S = 30.0
_POLL_S = 0.05


class UnreadStream:
    """One such stream, on a connection of its own, served by a thread.

    Args:
        address: host:port of the server.
        request: how to open the stream; None: with nothing asked for.
        window_bytes: bytes of messages that the server may send before it has to wait, for ever.
        answers_pings: whether it reads on at all. Otherwise it stops reading from the socket as soon as the stream is
            open, so that it does not even answer the server's pings.
    """

    def __init__(
        self,
        address: str,
        request: service_pb2.StreamFeedbackRequest | None = None,
        *,
        window_bytes: int = 16,
        answers_pings: bool = True,
    ) -> None:
        self.data_bytes = 0
        """Bytes of messages that have come; never more than the window."""
        self.pings_answered = 0
        self.opened = threading.Event()
        """Set when the server has accepted the stream (its response headers have come)."""
        self.ended = threading.Event()
        """Set when the server has ended the stream or the connection."""
        self.end = ""
        """How: "trailers", "RST_STREAM", "GOAWAY", "closed" or "reset"; a GOAWAY alone leaves the stream open."""
        self._answers_pings = answers_pings
        self._closing = threading.Event()
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), _CONNECT_WITHIN_S)
        self._socket.settimeout(_POLL_S)
        self._send(address, request or service_pb2.StreamFeedbackRequest(), window_bytes)
        self._thread = threading.Thread(target=self._serve, name="unread-stream", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the connection."""
        self._closing.set()
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, address: str, request: service_pb2.StreamFeedbackRequest, window_bytes: int) -> None:
        fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/strategic_memory.v1.StrategicMemoryService/StreamFeedback"),
            (":authority", address),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
        ]
        frames = (
            settings(window_bytes),
            headers(_STREAM, fields),
            grpc_message(_STREAM, request.SerializeToString()),
        )
        self._socket.sendall(PREFACE + b"".join(frame.encoded() for frame in frames))

    def _serve(self) -> None:
        parser = FrameParser()
        while not self._closing.is_set() and not self.ended.is_set():
            if self.opened.is_set() and not self._answers_pings:
                self._closing.wait()
                return
            try:
                self._read(parser)
            except TimeoutError:
                continue
            except OSError:
                self._over("reset")

    def _read(self, parser: FrameParser) -> None:
        data = self._socket.recv(_READ_BYTES)
        if not data:
            self._over("closed")
        for frame in parser.feed(data):
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        if frame.kind == FrameType.SETTINGS and not frame.flags & ACK:
            self._socket.sendall(Frame(FrameType.SETTINGS, ACK).encoded())
        elif frame.kind == FrameType.PING and not frame.flags & ACK:
            self._socket.sendall(Frame(FrameType.PING, ACK, payload=frame.payload).encoded())
            self.pings_answered += 1
        elif frame.kind == FrameType.DATA:
            self.data_bytes += len(frame.payload)
        elif frame.kind == FrameType.HEADERS:
            if frame.flags & END_STREAM:
                self._over("trailers")
            else:
                self.opened.set()
        elif frame.kind == FrameType.RST_STREAM:
            self._over("RST_STREAM")
        elif frame.kind == FrameType.GOAWAY:
            self.end = "GOAWAY"

    def _over(self, end: str) -> None:
        self.end = end
        self.ended.set()
