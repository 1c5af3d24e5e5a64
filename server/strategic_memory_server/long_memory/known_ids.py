"""KnownIds: the newest ids of trades, so that a trade that is sent twice counts once."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """Which trades of a page are there for the first time.

    Attributes:
        fresh: ids to remember for it, oldest first.
        numbered: trades that have an id and were not known.
        duplicates: places of the others that have one.
    """

    fresh: tuple[str, ...]
    numbered: int
    duplicates: tuple[int, ...]


class KnownIds:
    """The newest ids of trades, at most so many.

    Args:
        horizon: how many are remembered; 0: none, every trade counts.
        ids: the ones known so far, oldest first.
    """

    def __init__(self, horizon: int, ids: Sequence[str] = ()) -> None:
        self.horizon = horizon
        self._numbers: dict[str, int] = {}
        # In the order in which they were remembered. A dict would look for its oldest among all that it has forgotten.
        self._order: deque[str] = deque()
        self._next = 0
        self.add(ids)

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, trade_id: str) -> bool:
        return trade_id in self._numbers

    @property
    def newest(self) -> str:
        """The id that was remembered last; empty: none is."""
        return self._order[-1] if self._order else ""

    def deduplicate(self, ids: Sequence[str]) -> Deduplicated:
        """Tell the ids that are not known from the others, as if each were remembered before the next one is looked at.

        Args:
            ids: ids of trades, oldest first; empty where a trade has none.
        """
        if not self.horizon:
            return Deduplicated((), 0, ())
        given = dict.fromkeys(ids)
        if len(given) == len(ids) and "" not in given and self._numbers.keys().isdisjoint(given):
            return Deduplicated(tuple(ids[-self.horizon :]), len(ids), ())
        return self._deduplicate_each(ids)

    def _deduplicate_each(self, ids: Sequence[str]) -> Deduplicated:
        known, fresh, number = self._numbers, dict[str, int](), self._next
        duplicates: list[int] = []
        for place, trade_id in enumerate(ids):
            if not trade_id:
                continue
            seen = fresh.get(trade_id)
            if seen is None:
                seen = known.get(trade_id)
            elif seen < number - self.horizon:
                # Seen and forgotten on this very page: it goes to the end of what is remembered.
                del fresh[trade_id]
            if seen is not None and seen >= number - self.horizon:
                duplicates.append(place)
                continue
            fresh[trade_id] = number
            number += 1
        forgotten = max(len(fresh) - self.horizon, 0)
        return Deduplicated(tuple(islice(fresh, forgotten, None)), number - self._next, tuple(duplicates))

    def add(self, ids: Sequence[str]) -> None:
        """Remember more, and forget the oldest beyond the horizon."""
        numbers, order = self._numbers, self._order
        numbers.update(zip(ids, range(self._next, self._next + len(ids)), strict=True))
        order.extend(ids)
        self._next += len(ids)
        while len(numbers) > self.horizon:
            oldest = order.popleft()
            # One that was remembered again since has a later place.
            if numbers[oldest] == self._next - len(order) - 1:
                del numbers[oldest]


def oldest_first(ids: Sequence[bytes]) -> list[str]:
    """Return ids that come newest first. Another program may have put what is no text, and so no id, among them."""
    names = [(name, name.decode(errors="replace")) for name in reversed(ids)]
    return [text for name, text in names if text.encode() == name]
