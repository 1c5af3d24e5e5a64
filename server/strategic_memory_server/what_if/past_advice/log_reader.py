"""Reads the newest revisions of the feedback log, page by page, for whoever judges past advice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from strategic_memory_server.redis_access.pending_cancellation import cancellations, raise_if_cancelled
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.revisions.log_entries import decode_entry
from strategic_memory_server.what_if.past_advice.past_revision import PastRevision, past_revision

PAGE_ENTRIES = 100
"""Entries read, and decoded, at once: some 300 KB."""

MOST_LOOKED_AT = 100_000
"""Entries looked at, newest first, before the search for those of a moment long past is given up."""

RevisionPage = list[PastRevision | None]
"""What the entries of a page said, newest first; None: nothing that this service says."""

Decode = Callable[[StreamEntries], RevisionPage]


@dataclass(frozen=True, slots=True)
class PastRevisions:
    """Revisions that were read.

    Attributes:
        revisions: in the order of the time at which they were said.
        left_out: entries among them that are no advice of this service, and older ones, where those were looked at in
            search of more; younger ones too, unless it was asked for a moment of which they may come after.
    """

    revisions: tuple[PastRevision, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class RevisionOrder:
    """Which revisions are to be read.

    Attributes:
        most: so many of the newest.
        in_force_ms: but none older than the one in force at this time, milliseconds since 1970-01-01 UTC.
        last_ms: the latest time at which one may have been said, in the same unit; None: however late.
    """

    most: int
    in_force_ms: int
    last_ms: int | None = None


async def read_past_revisions(
    log: FeedbackLogReader, order: RevisionOrder, in_thread: Callable[[Decode, StreamEntries], Awaitable[RevisionPage]]
) -> PastRevisions:
    """Read the newest revisions, of whatever epoch.

    Others are served between two pages; a caller that has gone ends the reading after the page in hand.

    Args:
        log: the feedback log.
        order: which revisions.
        in_thread: calls a function outside of the event loop.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached, or refused.
    """
    found = _Found(order)
    looked_at, already_cancelled = 0, cancellations()
    before: str | None = None
    while not found.is_complete and looked_at < MOST_LOOKED_AT:
        entries = await log.read_before(before, PAGE_ENTRIES)
        raise_if_cancelled(already_cancelled)
        if not entries:
            break
        found.add(await in_thread(decode_page, entries))
        looked_at += len(entries)
        before = entries[-1][0].decode()
    return found.result()


class _Found:
    """What has been found so far, newest first."""

    def __init__(self, order: RevisionOrder) -> None:
        self._order = order
        self._revisions: list[PastRevision] = []
        self._left_out = 0
        self._since_kept = 0

    @property
    def is_complete(self) -> bool:
        if not self._revisions:
            return False
        return len(self._revisions) == self._order.most or self._revisions[-1].said_ms < self._order.in_force_ms

    def add(self, page: RevisionPage) -> None:
        for one in page:
            if self.is_complete:
                break
            if one is None:
                self._since_kept += 1
            elif self._order.last_ms is None or one.said_ms <= self._order.last_ms:
                self._count_left_out()
                self._revisions.append(one)

    def result(self) -> PastRevisions:
        if not self.is_complete:
            self._count_left_out()
        in_time = sorted(self._revisions, key=lambda one: (one.said_ms, one.revision))
        return PastRevisions(tuple(in_time), self._left_out)

    def _count_left_out(self) -> None:
        # What is younger than every revision of a moment may have been written after it.
        if self._revisions or self._order.last_ms is None:
            self._left_out += self._since_kept
        self._since_kept = 0


def decode_page(entries: StreamEntries) -> RevisionPage:
    """Return what each entry of a page said."""
    return [_decoded(entry_id, fields) for entry_id, fields in entries]


def _decoded(entry_id: bytes, fields: dict[bytes, bytes]) -> PastRevision | None:
    try:
        return past_revision(decode_entry(entry_id, {b"feedback": fields.get(b"feedback", b"")}))
    except MalformedFeedbackError:
        return None
