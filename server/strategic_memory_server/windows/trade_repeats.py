"""TradeRepeats: which trades of a window are there for the first time, and which are sent again.

Of the trades with one id the first that was stored counts. When it leaves the window, the next one takes its place.
Without Redis and without columns: trades are numbered as they come, and go in the same order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence


class TradeRepeats:
    """Ids of the trades of a window; `count` of them are repeated."""

    def __init__(self) -> None:
        self.count = 0
        self._known: set[str] = set()
        self._repeated: dict[str, deque[int]] = {}
        self._first = self._next = 0

    def add(self, trade_ids: Sequence[str]) -> list[int]:
        """Take trades at the new end, an empty id where one has none; the places among them of the repeated ones."""
        start, self._next = self._next, self._next + len(trade_ids)
        given = set(trade_ids)
        given.discard("")
        if len(given) == len(trade_ids) and self._known.isdisjoint(given):
            self._known |= given
            return []
        found = []
        for place, trade_id in enumerate(trade_ids if given else ()):
            if trade_id in self._known:
                self._repeated.setdefault(trade_id, deque()).append(start + place)
                found.append(place)
            elif trade_id:
                self._known.add(trade_id)
        self.count += len(found)
        return found

    def drop(self, trade_ids: Sequence[str]) -> list[int]:
        """Let the oldest trades go, whose ids these are; the places, counted after them, of those that count now."""
        self._first += len(trade_ids)
        taking_over = []
        for trade_id in dict.fromkeys(filter(None, trade_ids)):
            repeated = self._repeated.get(trade_id)
            while repeated and repeated[0] < self._first:
                repeated.popleft()
                self.count -= 1
            if repeated:
                taking_over.append(repeated.popleft() - self._first)
                self.count -= 1
            else:
                self._known.remove(trade_id)
            if not repeated:
                self._repeated.pop(trade_id, None)
        return sorted(taking_over)

    def replaceable(self, trade_ids: Sequence[str]) -> int:
        """Count how many of the oldest trades, whose ids these are, come again later each."""
        passed: dict[str, int] = {}
        for place, trade_id in enumerate(trade_ids):
            again = self._repeated.get(trade_id)
            if again is None or len(again) <= passed.get(trade_id, 0):
                return place
            passed[trade_id] = passed.get(trade_id, 0) + 1
        return len(trade_ids)
