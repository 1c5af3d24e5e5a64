"""WindowScan: fills one window from pages of a stream, newest entry first.

Synchronous: it is fed pages and says which page it wants next; MemoryLoader does the reading. A window is the newest
N *usable* entries, so a malformed one never pushes a good one out; the scan goes on past it, up to a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from strategic_memory_server.inputs.entry_fields import Fields, RejectionError
from strategic_memory_server.inputs.rejections import RejectedInput
from strategic_memory_server.inputs.timeline import Timeline
from strategic_memory_server.stream_position import position_of_id

PAGE_ENTRIES = 2_000
"""Most entries read by one command: a longer reply would hold Redis up."""

MAX_EXTRA_ENTRIES = 50_000
"""Most entries looked at beyond the window's length, in search of usable ones."""

NEWEST = "+"

Page = list[tuple[bytes, Fields]]
EntryT = TypeVar("EntryT")


class WindowScan(Generic[EntryT]):
    """State of reading one stream backwards.

    `entries` and `positions` run parallel, newest first, and may go beyond the window when `look_further` asked for
    more; `rejected` holds what was met on the way.
    """

    def __init__(self, source: str, window: int, read: Callable[[Fields], EntryT]) -> None:
        self.source = source
        self.window = window
        self.entries: list[EntryT] = []
        self.positions: list[int] = []
        self.rejected: list[RejectedInput] = []
        self.before = NEWEST
        self.newest_id = "0-0"
        """Id of the newest entry of the stream, usable or not; "0-0" when it has none."""
        self.unreadable = False
        """Whether the stream cannot be read at all."""
        self._read = read
        self._wanted = window
        self._scanned = 0
        self._exhausted = False

    @property
    def page_size(self) -> int:
        """Number of entries to ask for next; 0 when the scan is complete."""
        missing = self._wanted - len(self.entries)
        allowed = self.window + MAX_EXTRA_ENTRIES - self._scanned
        if self._exhausted or missing <= 0 or allowed <= 0:
            return 0
        # After the first page a tail of malformed entries is crossed in whole pages, not one entry at a time.
        size = missing if not self._scanned else max(missing, PAGE_ENTRIES)
        return min(size, PAGE_ENTRIES, allowed)

    def feed(self, page: Page, asked: int) -> None:
        """Take the entries that a reverse range of `asked` entries before `before` has returned."""
        if page and not self._scanned:
            self.newest_id = page[0][0].decode()
        for entry_id, fields in page:
            if len(self.entries) >= self._wanted:
                return
            self._scanned += 1
            self.before = f"({entry_id.decode()}"
            self._take(entry_id, fields)
        self._exhausted = len(page) < asked

    def give_up(self, refused: RejectedInput) -> None:
        """End the scan because the stream cannot be read at all."""
        self.rejected.append(refused)
        self.unreadable = True
        self._exhausted = True

    def reaches(self, position: int) -> bool:
        """Tell whether an entry at or before a position has been read."""
        return bool(self.positions) and self.positions[-1] <= position

    def look_further(self) -> bool:
        """Ask for one page beyond what was wanted so far; False when the stream or the bound is reached."""
        self._wanted = len(self.entries) + PAGE_ENTRIES
        return self.page_size > 0

    def oldest_first(self) -> Timeline[EntryT]:
        """Give everything that was read, oldest first."""
        return Timeline(self.entries[::-1], self.positions[::-1])

    def _take(self, entry_id: bytes, fields: Fields) -> None:
        try:
            entry = self._read(fields)
        except RejectionError as refused:
            self.rejected.append(RejectedInput(self.source, refused.reason, refused.excerpt, entry_id.decode()))
        else:
            self.entries.append(entry)
            self.positions.append(position_of_id(entry_id))
