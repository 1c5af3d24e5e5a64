"""WindowScan: fills one window from pages of a stream, newest entry first.

Synchronous: it is fed pages and says which page it wants next; MemoryLoader does the reading. A window is the newest
N *usable* entries, so a malformed one never pushes a good one out; the scan goes on past it, up to a bound. A trade
sent twice is one of them. Each page is made into columns at once, so that a long window is never held entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.entries.rejections import RejectedInput
from strategic_memory_server.entries.trade_ids import TRADE_ID
from strategic_memory_server.inputs.page_reader import EntryT, Page, PageReader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.windows.column_buffer import Columns

NEWEST = "+"


class WindowScan:
    """State of reading one stream backwards; `rejected` and `noted` hold what was met on the way, newest first.

    Args:
        window: usable entries to find.
        reader: reads the pages.
        limits: how much is read at once, and looked at in all.
        newest: largest id to look at.
    """

    def __init__(self, window: int, reader: PageReader[EntryT], limits: ReadingLimits, newest: str = NEWEST) -> None:
        self.rejected: list[RejectedInput] = []
        self.noted: list[RejectedInput] = []
        self.before = newest
        self.usable = 0
        self.scanned = 0
        self._window = window
        self._limits = limits
        self._reader = reader
        self._pages: list[Columns] = []
        self._exhausted = False
        self._trade_ids: set[str] = set()

    @property
    def page_size(self) -> int:
        """Number of entries to ask for next; 0 when the scan is complete."""
        missing = self._window - self.usable
        allowed = self._window + self._limits.extra_entries - self.scanned
        if self._exhausted or missing <= 0 or allowed <= 0:
            return 0
        # After the first page a tail of malformed entries is crossed in whole pages, not one entry at a time.
        size = missing if not self.scanned else max(missing, self._limits.page_entries)
        return min(size, self._limits.page_now, allowed)

    def feed(self, page: Page, asked: int) -> None:
        """Take the entries that a reverse range of `asked` entries before `before` has returned."""
        self._exhausted = len(page) < asked
        while page and self.usable < self._window:
            read = self._reader.read(page, at_most=self._window - self.usable)
            self.scanned += read.looked_at
            self.rejected.extend(read.rejected)
            self.noted.extend(read.noted)
            self.before = f"({page[read.looked_at - 1][0].decode()}"
            if read.usable:
                self.usable += self._different(read.columns, read.usable)
                self._pages.append({name: column[::-1] for name, column in read.columns.items()})
            page = page[read.looked_at :]

    def _different(self, columns: Columns, usable: int) -> int:
        """Count the entries that are no trades that came later already, of so many."""
        if TRADE_ID not in columns:
            return usable
        trade_ids = columns[TRADE_ID].tolist()
        given = set(trade_ids)
        given.discard("")
        new = len(given - self._trade_ids)
        self._trade_ids |= given
        return sum(not trade_id for trade_id in trade_ids) + new

    def take_oldest_first(self) -> Iterator[Columns]:
        """Yield the pages, oldest entry first, and let go of each."""
        while self._pages:
            yield self._pages.pop()
