"""LogView: questions about the log that the checks ask of a history."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

from history.model import Fault, History, Position, Publish


@dataclass(frozen=True, slots=True)
class _Steps:
    """A number that only grows, as it stood from each time on."""

    times: list[float]
    values: list[int]

    def rise(self, at_ms: float, value: int) -> None:
        """Take over a value, unless it is not higher than the last one."""
        if not self.values or value > self.values[-1]:
            self.times.append(at_ms)
            self.values.append(value)

    def at(self, at_ms: float) -> int:
        """Return the value at a time; 0 before the first."""
        index = bisect_right(self.times, at_ms)
        return self.values[index - 1] if index else 0


class LogView:
    """Knows the log of one history by position, by epoch and by time."""

    def __init__(self, history: History) -> None:
        self.published: dict[Position, Publish] = {}
        self.newest = Position("", 0)
        self._order = {epoch: index for index, epoch in enumerate(history.epochs)}
        self._starts: dict[str, int] = {}
        self._newest: dict[str, _Steps] = defaultdict(lambda: _Steps([], []))
        self._oldest: dict[str, _Steps] = defaultdict(lambda: _Steps([], []))
        self._gaps = history.gaps
        self._faults = history.faults
        self._samples = history.samples
        self._sampled_ms = [sample.at_ms for sample in history.samples]
        for publish in history.publishes:
            self._take(publish)
        for sample in history.samples:
            if sample.epoch:
                oldest = max(sample.oldest, self._starts.get(sample.epoch, 0))
                self._oldest[sample.epoch].rise(sample.at_ms, oldest)

    def _take(self, publish: Publish) -> None:
        position = publish.feedback.position
        self.published.setdefault(position, publish)
        self._order.setdefault(position.epoch, len(self._order))
        self._starts[position.epoch] = min(self._starts.get(position.epoch, position.revision), position.revision)
        self._newest[position.epoch].rise(publish.seen_ms, position.revision)
        if self.rank(position) > self.rank(self.newest):
            self.newest = position

    def rank(self, position: Position) -> tuple[int, int]:
        """Return a key that orders positions: later epochs are higher; an epoch that the log never had is lowest."""
        return (self._order.get(position.epoch, -1), position.revision)

    def knows(self, epoch: str) -> bool:
        """Whether the log ever had this epoch."""
        return epoch in self._order

    def has_begun(self, epoch: str) -> bool:
        """Whether anything of an epoch was seen in the log."""
        return epoch in self._starts

    def start(self, epoch: str) -> int:
        """Return the revision that an epoch begins with, as far as it was seen; 1 when nothing of it was."""
        return self._starts.get(epoch, 1)

    def newest_at(self, epoch: str, at_ms: float) -> int:
        """Return the newest revision of an epoch that was seen in the log by a time; 0 when there was none."""
        return self._newest[epoch].at(at_ms)

    def oldest_at(self, epoch: str, at_ms: float) -> int:
        """Return the oldest revision of an epoch that the log retained at a time; 0 when that is not known."""
        return self._oldest[epoch].at(at_ms)

    def lowest_newest(self, epoch: str, from_ms: float, until_ms: float) -> int | None:
        """Return the lowest newest revision at which the log can have stood within a time; None: it held another epoch.

        What the look after that shows may have been so since the look before it.
        """
        first = max(0, bisect_right(self._sampled_ms, from_ms) - 1)
        last = bisect_right(self._sampled_ms, until_ms) + 1
        return min((each.newest for each in self._samples[first:last] if each.epoch == epoch), default=None)

    def newest_position_at(self, at_ms: float) -> Position:
        """Return the newest position that was seen in the log by a time."""
        known = [Position(epoch, revision) for epoch in self._order if (revision := self.newest_at(epoch, at_ms))]
        return max(known, key=self.rank, default=Position("", 0))

    def may_have_been_missed(self, position: Position, at_ms: float) -> bool:
        """Whether a position can have been in the log by a time without the recorder having seen it."""
        return any(
            gap.epoch == position.epoch
            and gap.after < position.revision < (math.inf if gap.before is None else gap.before)
            and at_ms >= gap.since_ms
            for gap in self._gaps
        )

    def fault_during(self, from_ms: float, until_ms: float, name: str = "") -> Fault | None:
        """Return a fault that overlaps a time, if there is one; empty name: any."""
        faults = (fault for fault in self._faults if name in ("", fault.name))
        overlapping = (fault for fault in faults if fault.from_ms <= until_ms and from_ms <= fault.until_ms)
        return next(overlapping, None)
