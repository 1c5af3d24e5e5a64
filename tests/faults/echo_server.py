"""EchoServer: a real TCP server on loopback that sends back what it gets, for tests of the proxy."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import suppress
from typing import Self


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        with suppress(OSError):
            while data := self.request.recv(65_536):
                server.received += len(data)
                self.request.sendall(data)
        server.ended.release()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.received = 0
        self.ended = threading.Semaphore(0)


class EchoServer:
    """Listens while its context is open."""

    def __init__(self) -> None:
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def address(self) -> str:
        """Its host:port."""
        return "{}:{}".format(*self._server.server_address)

    @property
    def received(self) -> int:
        """How many bytes it has got."""
        return self._server.received

    def wait_for_end(self, within_s: float = 30.0) -> bool:
        """Wait until a connection has ended, however; whether one has."""
        return self._server.ended.acquire(timeout=within_s)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def connect(address: str, timeout_s: float = 30.0) -> socket.socket:
    """Connect to an address."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout_s)


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """Read so many bytes; fewer when the connection ends."""
    read = b""
    while len(read) < size and (data := connection.recv(size - len(read))):
        read += data
    return read
