"""WindowScan: fills one window from pages of a stream, newest entry first.

Synchronous: it is fed pages and says which page it wants next; MemoryLoader does the reading. A window is the newest
N *usable* entries, so a malformed one never pushes a good one out; the scan goes on past it, up to a bound. Each page
is made into columns at once, so that a long window is never held entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.inputs.column_buffer import Columns
from strategic_memory_server.inputs.page_reader import EntryT, Page, PageReader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.rejections import RejectedInput

NEWEST = "+"


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
