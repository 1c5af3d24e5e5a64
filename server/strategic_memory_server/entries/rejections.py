"""Rejected inputs: what one load rejected, and the running totals in which each input counts once.

A malformed entry stays in its stream and is met again whenever the window is read anew. The ledger counts it the first
time: a stream entry by its id, a value by its content for as long as it stays.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from redis.exceptions import NoPermissionError, ResponseError

REMEMBERED_ENTRIES = 100_000
"""Rejected entries of a stream that are known to have been counted, at least."""


@dataclass(frozen=True, slots=True)
class RejectedInput:
    """One input that was not used.

    Attributes:
        source: name of the source.
        reason: why, as a stable name.
        excerpt: beginning of the offending input, printable.
        entry_id: id of a stream entry; empty for a value.
        content_hash: tells a value from another one that was rejected for the same reason.
    """

    source: str
    reason: str
    excerpt: str
    entry_id: str = ""
    content_hash: int = 0


def count_by_reason(rejected: Iterable[RejectedInput], source: str) -> Mapping[str, int]:
    """Count the rejected inputs of one source by reason."""
    return dict(Counter(entry.reason for entry in rejected if entry.source == source))


def examples_by_reason(rejected: Iterable[RejectedInput], source: str) -> Mapping[str, str]:
    """The last excerpt for each reason of one source."""
    return {entry.reason: entry.excerpt for entry in rejected if entry.source == source and entry.excerpt}


def refusal(source: str, error: Exception) -> RejectedInput:
    """Describe why Redis gave no value for a key; raise where the fault is not the key's."""
    if isinstance(error, NoPermissionError):
        return RejectedInput(source, "no_permission", str(error))
    if isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE"):
        return RejectedInput(source, "wrong_type", "the key holds another Redis type")
    raise error


class RejectionLedger:
    """Totals of rejected inputs by source and reason since the start of the process."""

    def __init__(self) -> None:
        self.totals: Counter[tuple[str, str]] = Counter()
        self._entries: dict[str, OrderedDict[str, None]] = {}
        self._most_met: Counter[str] = Counter()
        self._values: dict[str, tuple[str, int]] = {}

    def record(self, rejected: Collection[RejectedInput]) -> list[RejectedInput]:
        """Take what one load rejected; count what has not been counted yet, and give it back for the log."""
        values = {entry.source: (entry.reason, entry.content_hash) for entry in rejected if not entry.entry_id}
        fresh = [entry for entry in rejected if self._is_new(entry)]
        self._values = values
        self.totals.update((entry.source, entry.reason) for entry in fresh)
        # What was once met together can be met together again, when everything is read anew.
        self._most_met |= Counter(entry.source for entry in rejected)
        self._forget_oldest()
        return fresh

    def _is_new(self, entry: RejectedInput) -> bool:
        if not entry.entry_id:
            return self._values.get(entry.source) != (entry.reason, entry.content_hash)
        known = self._entries.setdefault(entry.source, OrderedDict())
        new = entry.entry_id not in known
        # Put last: the ones that were met longest ago are forgotten first.
        known[entry.entry_id] = None
        known.move_to_end(entry.entry_id)
        return new

    def _forget_oldest(self) -> None:
        for source, known in self._entries.items():
            while len(known) > max(REMEMBERED_ENTRIES, self._most_met[source]):
                known.popitem(last=False)
