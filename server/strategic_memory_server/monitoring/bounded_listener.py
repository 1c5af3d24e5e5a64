"""BoundedListener: accepts connections, has no more than so many of them open, and lets many wait.

With TLS a connection is known to `BoundedConnection` once its handshake is over. One that connects and says nothing is
known here alone. It accepts by itself, since an event loop that does may have no Python code where it could be counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections import Counter, deque
from collections.abc import Callable, Iterable

from strategic_memory_server.identity.peer import host_of

MOST_WAITING = 1_024
"""Connections that wait to be accepted. A first packet of more is dropped, and sent again a second later."""

ACCEPTED_IN_A_ROW = 16
"""So many are accepted before anything else is done."""

EXHAUSTED_PAUSE_S = 1.0
"""Where there are no descriptors, accepting is tried again after so long: whoever waits would be told of at once."""

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class BoundedListener:
    """Of too many connections one ends: of the host that has the most, the one that was opened first.

    Accepts in the running event loop until it is closed.

    Args:
        listening: a socket that listens; it is closed with this.
        most: connections at once, those in their handshake among them.
        protocol: makes what serves a connection.
        context: of connections over TLS; None: they are not encrypted.
    """

    def __init__(
        self,
        listening: socket.socket,
        most: int,
        protocol: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext | None = None,
    ) -> None:
        listening.setblocking(False)
        self._listening, self._most, self._protocol, self._context = listening, most, protocol, context
        self._opened: deque[tuple[socket.socket, str]] = deque()
        self._beginning: dict[asyncio.Task[None], socket.socket] = {}
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._go_on()

    def close(self) -> None:
        """Accept no more. What has been accepted is left open, what is in its handshake ends."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()
        for each in self._beginning.values():
            _end(each)

    async def wait_closed(self) -> None:
        """Wait until those that were in their handshake have ended."""
        await asyncio.gather(*self._beginning, return_exceptions=True)

    def _go_on(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_IN_A_ROW):
            try:
                accepted, address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._loop.call_exception_handler({"message": "a connection cannot be accepted", "exception": error})
                self._loop.remove_reader(self._listening)
                self._pause = self._loop.call_later(EXHAUSTED_PAUSE_S, self._go_on)
                return
            accepted.setblocking(False)
            self._make_room(accepted, host_of(address[0]))
            task = self._loop.create_task(self._begin(accepted))
            self._beginning[task] = accepted
            task.add_done_callback(self._beginning.pop)

    def _make_room(self, accepted: socket.socket, host: str) -> None:
        self._opened.append((accepted, host))
        if len(self._opened) > self._most:
            self._opened = deque(each for each in self._opened if each[0].fileno() >= 0)
        if len(self._opened) > self._most:
            host = largest_crowd(each[1] for each in self._opened)
            first = next(each for each in self._opened if each[1] == host)
            self._opened.remove(first)
            _end(first[0])

    async def _begin(self, accepted: socket.socket) -> None:
        """Shake hands, where that is asked for; whoever does not is gone, and no matter of this service."""
        with contextlib.suppress(OSError):
            await self._loop.connect_accepted_socket(self._protocol, accepted, ssl=self._context)


def _end(connection: socket.socket) -> None:
    """Let whoever has it see its end, and close it; closed here, its descriptor could be that of another."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def largest_crowd(hosts: Iterable[str]) -> str:
    """Return the host that has the most connections: a flood of one host pushes out nobody else."""
    return Counter(hosts).most_common(1)[0][0]
