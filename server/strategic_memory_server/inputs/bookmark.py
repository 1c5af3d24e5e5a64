"""Bookmark: how far a stream has been read, and whether it is still the stream that was read.

Synchronous and without Redis: it is given what XINFO STREAM and a range from the bookmark on have said, and tells what
is new, or that the window has to be read again from the stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strategic_memory_server.columns.stream_position import Id, id_of, position_of, shown_id
from strategic_memory_server.entries.entry_fields import Fields
from strategic_memory_server.inputs.page_reader import Page
from strategic_memory_server.redis_access.round_trip import Reply, stream_entries

BEFORE_ALL: Id = (0, 0)


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What XINFO STREAM says of a stream.

    Attributes:
        length: number of entries.
        first: id of the oldest entry; None without one.
        last: largest id that an entry has ever had.
        added: entries that were ever added; None before Redis 7.
        deleted: largest id that was deleted by name; None before Redis 7.
        newest: the newest entry, as Redis gives it; None without one.
    """

    length: int = 0
    first: Id | None = None
    last: Id = BEFORE_ALL
    added: int | None = 0
    deleted: Id | None = BEFORE_ALL
    newest: Reply = None

    @classmethod
    def of(cls, reply: Mapping[bytes, Any]) -> StreamInfo:
        """Read the names and values of the reply."""
        first = reply[b"first-entry"]
        deleted = reply.get(b"max-deleted-entry-id")
        return cls(
            length=reply[b"length"],
            first=id_of(first[0]) if first else None,
            last=id_of(reply[b"last-generated-id"]),
            added=reply.get(b"entries-added"),
            deleted=id_of(deleted) if deleted is not None else None,
            newest=reply[b"last-entry"],
        )


def digest_of_info(reply: Reply) -> int:
    """Return a digest of all that XINFO STREAM has answered, be it an error."""
    return hash(repr(reply))


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a stream has been read up to.

    Attributes:
        newest: id of the newest entry that was read, or the largest id that had been used when there was none.
        fields: what that entry holds; None when there was none.
        first: id of the oldest entry then; None: there was none, or it is not known.
        length: number of entries up to `newest` then; None: not known.
        added: entries ever added up to `newest`; None: not known.
        deleted: largest id deleted by name until then; None: not known.
    """

    newest: Id = BEFORE_ALL
    fields: Fields | None = None
    first: Id | None = None
    length: int | None = 0
    added: int | None = 0
    deleted: Id | None = BEFORE_ALL

    @classmethod
    def after(cls, info: StreamInfo, page: Page) -> Bookmark:
        """Make a bookmark after the first reading: `page` are the newest entries, newest first, read after `info`."""
        ids = [id_of(entry_id) for entry_id, _ in page]
        later = sum(entry_id > info.last for entry_id in ids)
        # When nothing in the page is as old as the information, there can be more new entries than the page shows.
        counted = later < len(ids) or info.length == 0 or not ids
        return cls(
            newest=ids[0] if ids else info.last,
            fields=page[0][1] if page else None,
            first=info.first,
            length=info.length + later if counted and (ids or not info.length) else None,
            added=info.added + later if counted and info.added is not None else None,
            deleted=info.deleted,
        )

    def new_entries(self, page: Page) -> Page | None:
        """Take a range from `newest` on: what came after it, oldest first; None when `newest` is no longer there."""
        if self.fields is None:
            return page
        if not page or id_of(page[0][0]) != self.newest or page[0][1] != self.fields:
            return None
        return page[1:]

    def range_to_end(self, info: StreamInfo, arrived: Page) -> Page | None:
        """Return what a range from `newest` on would give, without asking for it; None where that cannot be known.

        Args:
            info: what the stream is like.
            arrived: entries that are known to have come after `newest`, oldest first. Whether they are all of them is
                told by the newest one, and by how many were ever added.
        """
        known = [] if self.fields is None else [(shown_id(self.newest).encode(), self.fields), *arrived]
        known = known or arrived
        if not known or info.newest is None or info.last != id_of(known[-1][0]):
            return None
        if arrived and (self.added is None or info.added != self.added + len(arrived)):
            return None
        return known if stream_entries([info.newest]) == known[-1:] else None

    def has_lost_one(self, info: StreamInfo, oldest: bytes | None) -> bool:
        """Tell whether an entry was deleted by name since, behind the first one and from the position `oldest` on."""
        deleted = info.deleted
        if deleted is None or deleted == self.deleted or oldest is None or info.first is None:
            return False
        return deleted > info.first and position_of(deleted) >= oldest

    def comes_within(self, info: StreamInfo) -> bool:
        """Tell whether the entry that was read last may still be there, with no more after it than the stream holds."""
        return info.first is not None and info.first <= self.newest <= info.last and self.fields is not None

    def moved(self, info: StreamInfo, new: Page, *, is_all: bool = True) -> Bookmark | None:
        """Return the bookmark after what is new; None when the stream is not the one that was read.

        Args:
            info: read before `new`.
            new: the entries after `newest`, oldest first.
            is_all: whether they are all of them.
        """
        if not is_all:
            first = self.first if self.first is not None else info.first
            if info.last < self.newest or self._was_recreated(info) or first is None or info.first is None:
                return None
            added = None if self.added is None else self.added + len(new)
            newest, fields = id_of(new[-1][0]), new[-1][1]
            return Bookmark(newest, fields, info.first, None, added, info.deleted) if info.first >= first else None
        later = 0
        for entry_id, _ in reversed(new):
            if id_of(entry_id) <= info.last:
                break
            later += 1
        if self._is_another(info, len(new) - later):
            return None
        return Bookmark(
            newest=id_of(new[-1][0]) if new else max(self.newest, info.last if self.fields is None else self.newest),
            fields=new[-1][1] if new else self.fields,
            first=info.first,
            length=info.length + later,
            added=None if info.added is None else info.added + later,
            deleted=info.deleted,
        )

    def _is_another(self, info: StreamInfo, new: int) -> bool:
        """Tell whether entries have been deleted in between, have come back, or the whole stream is another one."""
        if info.last < self.newest or self._was_recreated(info):
            return True
        if self.fields is None:
            # Nothing was left then, so nothing that old may be there now.
            return info.first is not None and info.first <= self.newest
        if self.first is None or info.first is None:
            return False
        if info.first < self.first:
            return True
        return info.first == self.first and self.length is not None and info.length != self.length + new

    def _was_recreated(self, info: StreamInfo) -> bool:
        return info.added is not None and self.added is not None and info.added < self.added

    def missed(self, info: StreamInfo) -> int | None:
        """Tell how many entries were added after this bookmark and trimmed before they could be read.

        None: Redis does not tell, and there may have been some.
        """
        beyond = info.last > self.newest and (info.first is None or info.first > self.newest)
        if not beyond or self._was_recreated(info):
            return 0
        if info.added is not None and self.added is not None:
            return max(info.added - self.added - info.length, 0)
        return None if self.fields is not None else 0
