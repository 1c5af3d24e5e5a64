"""MalformedTail: the malformed entries between the usable ones of a window, so that a report can count them."""

from __future__ import annotations

from collections import Counter, deque


class MalformedTail:
    """Malformed entries by position, oldest first, and how many there are of each reason."""

    def __init__(self) -> None:
        self._entries: deque[tuple[bytes, str]] = deque()
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def oldest(self) -> bytes | None:
        """Position of the oldest one; None without one."""
        return self._entries[0][0] if self._entries else None

    def counts(self) -> dict[str, int]:
        """Count them by reason."""
        return dict(self._counts)

    def append(self, position: bytes, reason: str) -> None:
        """Add one that is not older than those before."""
        self._entries.append((position, reason))
        self._counts[reason] += 1

    def drop_oldest(self) -> None:
        """Forget the oldest one."""
        _, reason = self._entries.popleft()
        self._counts[reason] -= 1
        if not self._counts[reason]:
            del self._counts[reason]

    def drop_before(self, position: bytes) -> None:
        """Forget those before a position."""
        while self._entries and self._entries[0][0] < position:
            self.drop_oldest()
