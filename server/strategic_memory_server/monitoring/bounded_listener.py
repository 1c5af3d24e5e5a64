"""BoundedListener: a listening socket that has no more than so many connections open, and lets many wait.

With TLS a connection is known to `BoundedConnection` once its handshake is over. One that connects and says nothing is
known here alone.
"""

from __future__ import annotations

import contextlib
import socket
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from strategic_memory_server.identity.peer import host_of

MOST_WAITING = 1_024
"""Connections that wait to be accepted. A first packet of more is dropped, and sent again a second later."""


class BoundedListener(socket.socket):
    """Of too many connections one ends: of the host that has the most, the one that was opened first."""

    most: int
    _opened: deque[tuple[socket.socket, str]]

    @classmethod
    def instead_of(cls, listener: socket.socket, most: int) -> BoundedListener:
        """Return one that listens where another socket did."""
        bounded = cls(fileno=listener.detach())
        bounded.most, bounded._opened = most, deque()
        return bounded

    def listen(self, _accepted_in_a_row: int = 0, /) -> None:
        """Listen. asyncio names here how many it accepts in a row, which is another matter than how many may wait."""
        super().listen(MOST_WAITING)

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        accepted, address = super().accept()
        self._opened.append((accepted, host_of(address[0])))
        if len(self._opened) > self.most:
            self._opened = deque(each for each in self._opened if each[0].fileno() >= 0)
        if len(self._opened) > self.most:
            host = largest_crowd(each[1] for each in self._opened)
            first = next(each for each in self._opened if each[1] == host)
            self._opened.remove(first)
            # Whoever has the socket sees its end and closes it; closed here, its descriptor could be that of another.
            with contextlib.suppress(OSError):
                first[0].shutdown(socket.SHUT_RDWR)
        return accepted, address


def largest_crowd(hosts: Iterable[str]) -> str:
    """Return the host that has the most connections: a flood of one host pushes out nobody else."""
    return Counter(hosts).most_common(1)[0][0]
