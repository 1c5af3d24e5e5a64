"""Subscriptions: how many streams are open, in all and of one caller; one more is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from strategic_memory_server.faults.limits import TooManyOfOneCallerError, TooManySubscribersError


class Subscriptions:
    """Counts the streams.

    Args:
        most: streams admitted at once.
        share: share of them that one caller may take, above 0, at most 1.
    """

    def __init__(self, most: int, share: float) -> None:
        self.count = 0
        self._most = most
        self._most_of_caller = max(int(most * share), 1)
        self._by_caller: Counter[str] = Counter()

    @contextmanager
    def admitted(self, caller: str) -> Iterator[None]:
        """Count a stream of a caller until the context is left.

        Raises:
            TooManySubscribersError, TooManyOfOneCallerError: there are as many as are admitted.
        """
        if self.count >= self._most:
            raise TooManySubscribersError(self.count)
        if self._by_caller[caller] >= self._most_of_caller:
            raise TooManyOfOneCallerError(self._by_caller[caller])
        self.count += 1
        self._by_caller[caller] += 1
        try:
            yield
        finally:
            self.count -= 1
            self._by_caller[caller] -= 1
            if not self._by_caller[caller]:
                del self._by_caller[caller]
