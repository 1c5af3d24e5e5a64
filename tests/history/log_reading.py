"""LogReading: keeps what a log in Redis has ever held, although that log is trimmed, rolled back or lost.

Synchronous: `log_recorder.py` reads pages of the log and hands them over. Each page begins at the last entry that is
known, so that a log which lost or rewrote that entry is noticed, and then read again from its start.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from history.event_budget import EventBudget
from history.from_log import UnreadableEntryError, feedback_of_entry
from history.model import Feedback, LogGap, LogSample, Position, Publish

Entry = tuple[bytes, dict[bytes, bytes]]

START = b"-"
_KEPT_UNREADABLE = 100


class Following(enum.Enum):
    """What to read next."""

    MORE = "the next page, at once: there is more"
    NEWS = "the next page, when there is something new"


@dataclass(frozen=True, slots=True)
class LogPage:
    """What one look at the log has found, all at one moment.

    Attributes:
        entries: entries from the last known one on, oldest first.
        is_last: there are no more after these.
        first_id: id of the oldest entry of the log; None: it is empty.
        last_id: id of the newest entry.
        epoch: epoch that the service keeps beside the log; "" when there is none.
        sent_ms: when the look was asked for: what it does not show was not there then.
        got_ms: when it was answered: what it shows was there by then.
    """

    entries: Sequence[Entry]
    is_last: bool
    first_id: bytes | None
    last_id: bytes | None
    epoch: str
    sent_ms: float
    got_ms: float


class LogReading:
    """State of the recording of one log."""

    def __init__(self, budget: EventBudget) -> None:
        self.publishes: list[Publish] = []
        self.samples: list[LogSample] = []
        self.gaps: list[LogGap] = []
        self.epochs: list[str] = []
        self.unreadable: list[str] = []
        """Entries that are not the service's own, the first hundred: what is wrong with each."""
        self._budget = budget
        self._known: dict[Position, Feedback] = {}
        self._newest: dict[str, int] = {}
        self._beside: list[str] = []
        """Epochs that stood beside the log since the last complete look: none is older than what was in it by then."""
        self._last: Entry | None = None
        self._last_position = Position("", 0)
        self._follows = False
        """Whether the newest entry is the service's own, and comes after others."""
        self._complete_ms = -math.inf
        self._absent_ms = -math.inf
        """When the newest entry was not there yet."""

    @property
    def from_id(self) -> bytes:
        """Id of the entry that the next page has to begin with."""
        return self._last[0] if self._last else START

    @property
    def newest(self) -> Position:
        """The position of the newest entry; revision 0 when there is none."""
        return self._last_position

    @property
    def not_read_yet(self) -> LogGap:
        """What may have been published since the last complete look."""
        return LogGap(self._last_position.epoch, self._last_position.revision, None, self._complete_ms)

    def take(self, page: LogPage) -> Following:
        """Take over a page.

        Raises:
            HistoryTooLongError: there is no room for what it holds.
        """
        self._beside.append(page.epoch)
        entries = page.entries
        if self._last is not None:
            if self._was_lost(self._last, page):
                self._begin_again()
                return Following.MORE
            if entries and entries[0] == self._last:
                entries = entries[1:]
            elif entries:
                self._note_trimmed(entries[0])
        for entry in entries:
            self._take_entry(entry, page)
        if not page.is_last:
            return Following.MORE
        for epoch in self._beside:
            self._note_epoch(epoch)
        self._beside.clear()
        self._sample(page)
        self._complete_ms = page.sent_ms
        return Following.NEWS

    def _was_lost(self, last: Entry, page: LogPage) -> bool:
        if page.last_id is None or revision_of(page.last_id) < revision_of(last[0]):
            return True
        return bool(page.entries) and page.entries[0][0] == last[0] and page.entries[0] != last

    def _begin_again(self) -> None:
        """Go back to the start of a log that fell back or was rewritten; what was in it meanwhile is not known."""
        epoch = self._last_position.epoch
        self.gaps.append(LogGap(epoch, self._newest.get(epoch, 0), None, self._complete_ms))
        self._last, self._last_position, self._follows = None, Position("", 0), False

    def _note_trimmed(self, entry: Entry) -> None:
        """Note what was trimmed between the last known entry and this one before it could be read."""
        here, before = self._position(entry), self._last_position
        self._follows = False
        if here is None or (here.epoch == before.epoch and here.revision == before.revision + 1):
            return
        if here.epoch == before.epoch:
            self.gaps.append(LogGap(here.epoch, before.revision, here.revision, self._complete_ms))
        else:
            self.gaps.append(LogGap(before.epoch, before.revision, None, self._complete_ms))
            self.gaps.append(LogGap(here.epoch, 0, here.revision, self._complete_ms))

    def _position(self, entry: Entry) -> Position | None:
        try:
            return feedback_of_entry(*entry).position
        except UnreadableEntryError:
            return None

    def _take_entry(self, entry: Entry, page: LogPage) -> None:
        self._last = entry
        try:
            feedback = feedback_of_entry(*entry)
        except UnreadableEntryError as error:
            if len(self.unreadable) < _KEPT_UNREADABLE:
                self.unreadable.append(str(error))
            self._follows = False
            return
        position, before, follows = feedback.position, self._last_position, self._follows
        self._last_position, self._follows = position, True
        if follows and position.epoch != before.epoch and position.revision > before.revision + 1:
            # An epoch begins above what was ever said: a master that died had more than the one that took over, and of
            # that looks at the new one tell nothing.
            self.gaps.append(LogGap(before.epoch, before.revision, position.revision, self._absent_ms))
        self._absent_ms = self._complete_ms
        self._note_epoch(position.epoch)
        self._newest[position.epoch] = max(self._newest.get(position.epoch, 0), position.revision)
        if self._known.get(position) != feedback:
            self._budget.spend()
            self._known[position] = feedback
            self.publishes.append(Publish(feedback, self._complete_ms, page.got_ms))

    def _note_epoch(self, epoch: str) -> None:
        if epoch and epoch not in self.epochs:
            self.epochs.append(epoch)

    def _sample(self, page: LogPage) -> None:
        if page.first_id is None or page.last_id is None:
            sample = LogSample(page.got_ms, "", 0, 0)
        else:
            newest = revision_of(page.last_id)
            if newest != self._last_position.revision:
                return  # The newest entry is not the service's own.
            sample = LogSample(page.got_ms, self._last_position.epoch, revision_of(page.first_id), newest)
        last = self.samples[-1] if self.samples else None
        if last is None or (last.epoch, last.oldest, last.newest) != (sample.epoch, sample.oldest, sample.newest):
            self._budget.spend()
            self.samples.append(sample)


def revision_of(entry_id: bytes) -> int:
    """Return the first part of a stream id, which is the revision."""
    return int(entry_id.split(b"-")[0])
