"""Rejected inputs: what one load rejected, and the running totals in which each input counts once.

A malformed entry stays in its stream and is met again by every load. The ledger counts it the first time: stream
entries by their position, values by their content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RejectedInput:
    """One input that was not used. `position` is that of a stream entry, -1 for a value."""

    source: str
    reason: str
    excerpt: str
    entry_id: str = ""
    position: int = -1


def count_by_reason(rejected: Iterable[RejectedInput], source: str) -> Mapping[str, int]:
    """Count the rejected inputs of one source by reason."""
    return dict(Counter(entry.reason for entry in rejected if entry.source == source))


class RejectionLedger:
    """Totals of rejected inputs by source and reason since the start of the process."""

    def __init__(self) -> None:
        self.totals: Counter[tuple[str, str]] = Counter()
        self._newest: dict[str, int] = {}
        self._values: dict[str, tuple[str, str]] = {}

    def record(self, rejected: Iterable[RejectedInput]) -> list[RejectedInput]:
        """Count what has not been counted yet, and give it back for the log."""
        fresh = [entry for entry in rejected if self._is_new(entry)]
        for entry in fresh:
            self.totals[entry.source, entry.reason] += 1
            if entry.entry_id:
                self._newest[entry.source] = max(self._newest.get(entry.source, -1), entry.position)
            else:
                self._values[entry.source] = (entry.reason, entry.excerpt)
        return fresh

    def _is_new(self, entry: RejectedInput) -> bool:
        if entry.entry_id:
            return entry.position > self._newest.get(entry.source, -1)
        return self._values.get(entry.source) != (entry.reason, entry.excerpt)
