"""Subscriptions: how many streams are open, in all and of one peer; one more is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from strategic_memory_server.faults.errors import TooManyOfOnePeerError, TooManySubscribersError
from strategic_memory_server.rpc.streams.peer import peer_of


class Subscriptions:
    """Counts the streams.

    Args:
        most: streams admitted at once.
        peer_share: share of them that one peer may take, above 0, at most 1.
    """

    def __init__(self, most: int, peer_share: float) -> None:
        self.count = 0
        self._most = most
        self._most_of_peer = max(int(most * peer_share), 1)
        self._by_peer: Counter[str] = Counter()

    @contextmanager
    def admitted(self, peer_name: str) -> Iterator[None]:
        """Count a stream until the context is left.

        Args:
            peer_name: who opens it, as gRPC names it.

        Raises:
            TooManySubscribersError, TooManyOfOnePeerError: there are as many as are admitted.
        """
        peer = peer_of(peer_name)
        if self.count >= self._most:
            raise TooManySubscribersError(self.count)
        if self._by_peer[peer] >= self._most_of_peer:
            raise TooManyOfOnePeerError(self._by_peer[peer])
        self.count += 1
        self._by_peer[peer] += 1
        try:
            yield
        finally:
            self.count -= 1
            self._by_peer[peer] -= 1
            if not self._by_peer[peer]:
                del self._by_peer[peer]
