"""Timeline: entries of one stream with their positions, oldest first."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

EntryT_co = TypeVar("EntryT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Timeline(Generic[EntryT_co]):
    """`entries` and `positions` run parallel; positions never decrease."""

    entries: Sequence[EntryT_co]
    positions: Sequence[int]

    def newest(self, count: int) -> Timeline[EntryT_co]:
        """Give the last `count` entries."""
        start = max(len(self.entries) - count, 0)
        return Timeline(self.entries[start:], self.positions[start:])

    def up_to(self, position: int | None) -> Timeline[EntryT_co]:
        """Give the entries that are not after a position; None: all."""
        if position is None:
            return self
        end = bisect_right(self.positions, position)
        return Timeline(self.entries[:end], self.positions[:end])

    def since(self, position: int | None) -> Timeline[EntryT_co]:
        """Give the entries that are not before a position; None: all."""
        return self if position is None else self.newest(len(self.entries) - bisect_left(self.positions, position))
