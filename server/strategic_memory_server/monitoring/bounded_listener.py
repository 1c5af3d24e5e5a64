"""BoundedListener: a listening socket that has no more than so many connections open.

With TLS a connection is known to `BoundedConnection` once its handshake is over. One that connects and says nothing is
known here alone.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from typing import Any


class BoundedListener(socket.socket):
    """Of too many connections the one that was opened first ends."""

    most: int
    _opened: deque[socket.socket]

    @classmethod
    def instead_of(cls, listener: socket.socket, most: int) -> BoundedListener:
        """Return one that listens where another socket did."""
        bounded = cls(fileno=listener.detach())
        bounded.most, bounded._opened = most, deque()
        return bounded

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        accepted, address = super().accept()
        self._opened.append(accepted)
        if len(self._opened) > self.most:
            self._opened = deque(each for each in self._opened if each.fileno() >= 0)
        if len(self._opened) > self.most:
            # Whoever has the socket sees its end and closes it; closed here, its descriptor could be that of another.
            with contextlib.suppress(OSError):
                self._opened.popleft().shutdown(socket.SHUT_RDWR)
        return accepted, address
