"""WindowScan: fills one window from pages of a stream, newest entry first.

Synchronous: it is fed pages and says which page it wants next; MemoryLoader does the reading. A window is the newest
N *usable* entries, so a malformed one never pushes a good one out; the scan goes on past it, up to a bound. Each page
is made into columns at once, so that a long window is never held entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from strategic_memory_server.inputs.column_buffer import Columns
from strategic_memory_server.inputs.entry_fields import Fields, RejectionError
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.rejections import RejectedInput
from strategic_memory_server.stream_position import position_of_id

NEWEST = "+"

Page = list[tuple[bytes, Fields]]
EntryT = TypeVar("EntryT")


class PageReader(Generic[EntryT]):
    """Reads pages of one stream into columns.

    Args:
        source: name of the stream.
        read: reads the fields of an entry.
        pack: makes columns of entries and their positions.
    """

    def __init__(
        self,
        source: str,
        read: Callable[[Fields], EntryT],
        pack: Callable[[Sequence[EntryT], Sequence[int]], Columns],
    ) -> None:
        self.source = source
        self._read = read
        self._pack = pack

    def read(self, page: Page, *, at_most: int | None = None) -> PageColumns:
        """Read entries in the order they have, up to so many usable ones."""
        entries: list[EntryT] = []
        positions: list[int] = []
        rejected: list[RejectedInput] = []
        looked_at = 0
        for entry_id, fields in page:
            if len(entries) == at_most:
                break
            looked_at += 1
            try:
                entries.append(self._read(fields))
            except RejectionError as refused:
                rejected.append(RejectedInput(self.source, refused.reason, refused.excerpt, entry_id.decode()))
            else:
                positions.append(position_of_id(entry_id))
        return PageColumns(self._pack(entries, positions), len(entries), rejected, looked_at)


class PageColumns:
    """A page that was read: columns of its usable entries, how many they are, the others, and how many were read."""

    __slots__ = ("columns", "looked_at", "rejected", "usable")

    def __init__(self, columns: Columns, usable: int, rejected: list[RejectedInput], looked_at: int) -> None:
        self.columns = columns
        self.usable = usable
        self.rejected = rejected
        self.looked_at = looked_at


class WindowScan:
    """State of reading one stream backwards; `rejected` holds what was met on the way, newest first.

    Args:
        window: usable entries to find.
        reader: reads the pages.
        limits: how much is read at once, and looked at in all.
        newest: largest id to look at.
    """

    def __init__(self, window: int, reader: PageReader[EntryT], limits: ReadingLimits, newest: str = NEWEST) -> None:
        self.rejected: list[RejectedInput] = []
        self.before = newest
        self.usable = 0
        self.scanned = 0
        self._window = window
        self._limits = limits
        self._reader = reader
        self._pages: list[Columns] = []
        self._exhausted = False

    @property
    def page_size(self) -> int:
        """Number of entries to ask for next; 0 when the scan is complete."""
        missing = self._window - self.usable
        allowed = self._window + self._limits.extra_entries - self.scanned
        if self._exhausted or missing <= 0 or allowed <= 0:
            return 0
        # After the first page a tail of malformed entries is crossed in whole pages, not one entry at a time.
        size = missing if not self.scanned else max(missing, self._limits.page_entries)
        return min(size, self._limits.page_entries, allowed)

    def feed(self, page: Page, asked: int) -> None:
        """Take the entries that a reverse range of `asked` entries before `before` has returned."""
        read = self._reader.read(page, at_most=self._window - self.usable)
        self.usable += read.usable
        self.scanned += read.looked_at
        self.rejected.extend(read.rejected)
        if read.looked_at:
            self.before = f"({page[read.looked_at - 1][0].decode()}"
        if read.usable:
            self._pages.append({name: column[::-1] for name, column in read.columns.items()})
        self._exhausted = len(page) < asked

    def take_oldest_first(self) -> Iterator[Columns]:
        """Give the pages, oldest entry first, and let go of each."""
        while self._pages:
            yield self._pages.pop()
