"""Timeline: entries of one stream with their positions, oldest first."""

from __future__ import annotations

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
