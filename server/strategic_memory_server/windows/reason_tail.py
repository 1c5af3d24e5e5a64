"""ReasonTail: entries in the span of a window that have a reason to be told, so that a report can count them."""

from __future__ import annotations

from collections import Counter, deque

COUNTED_AFTER = 1_000
"""Most entries that `after` counts."""


class ReasonTail:
    """Entries by position, oldest first; how many there are of each reason, and the example of the newest one."""

    def __init__(self) -> None:
        self._entries: deque[tuple[bytes, str]] = deque()
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def oldest(self) -> bytes | None:
        """Position of the oldest one; None without one."""
        return self._entries[0][0] if self._entries else None

    def counts(self) -> dict[str, int]:
        """How many of those entries there are, by reason."""
        return dict(self._counts)

    def examples(self) -> dict[str, str]:
        """Return by reason what the newest entry of it is told with; those of which that has none are left out."""
        return {reason: example for reason, example in self._examples.items() if example}

    def after(self, position: bytes) -> int:
        """Count those after a position, up to COUNTED_AFTER."""
        found = 0
        for at, _ in reversed(self._entries):
            if at <= position or found == COUNTED_AFTER:
                break
            found += 1
        return found

    def append(self, position: bytes, reason: str, example: str) -> None:
        """Add one that is not older than those before. `example` is printable and cut; empty: there is none."""
        self._entries.append((position, reason))
        self._counts[reason] += 1
        # Also where it has none: an older one may have left the span by now.
        self._examples[reason] = example

    def drop_oldest(self) -> None:
        """Forget the oldest one."""
        _, reason = self._entries.popleft()
        self._counts[reason] -= 1
        if not self._counts[reason]:
            del self._counts[reason]
            del self._examples[reason]

    def drop_before(self, position: bytes) -> None:
        """Forget those before a position."""
        while self._entries and self._entries[0][0] < position:
            self.drop_oldest()
