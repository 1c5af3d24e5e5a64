"""ObservationLookup: finds the observations that entries older than the regime window take their regime from.

Synchronous: it says which page of the regime stream it wants next, newest entry first, and is fed it. It goes straight
to the place of the newest entry that is still without one, so it reads no more than there are such entries for.
"""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns import IndexColumn
from strategic_memory_server.inputs.bookmark import Id, id_of, shown_id
from strategic_memory_server.inputs.column_buffer import Columns
from strategic_memory_server.inputs.entries import RegimeObservation
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.rejections import RejectedInput
from strategic_memory_server.inputs.window_scan import Page, PageReader
from strategic_memory_server.stream_position import MAX_SEQUENCE, MAX_TIME_MS, SEQUENCE_BITS, time_ms_of

_LARGEST = (1 << 64) - 1


class ObservationLookup:
    """State of one lookup.

    Args:
        positions: positions of the entries, ascending.
        reader: reads the pages; `rejected` holds what it could not use.
        limits: how long a page is, and how many malformed entries are passed.
    """

    def __init__(self, positions: IndexColumn, reader: PageReader[RegimeObservation], limits: ReadingLimits) -> None:
        self.rejected: list[RejectedInput] = []
        self._reader = reader
        self._limits = limits
        self._pending = positions
        self._below: Id = (_LARGEST, _LARGEST)
        self._pages: list[Columns] = []

    @property
    def upper(self) -> str | None:
        """Largest id of the page that is wanted next; None when nothing more is."""
        if not self._pending.size or len(self.rejected) > self._limits.extra_entries:
            return None
        wanted = _largest_id_at(int(self._pending[-1]))
        return shown_id(wanted) if wanted < self._below else f"({shown_id(self._below)}"

    def feed(self, page: Page) -> None:
        """Take a reverse range of a page of entries from `upper` down."""
        read = self._reader.read(page)
        self.rejected.extend(read.rejected)
        if read.usable:
            positions = read.columns["position"]
            self._pages.append({name: column[::-1] for name, column in read.columns.items()})
            self._pending = self._pending[: int(np.searchsorted(self._pending, positions[-1]))]
        if len(page) < self._limits.page_entries:
            self._pending = self._pending[:0]
        else:
            self._below = id_of(page[-1][0])

    def found(self, column: str) -> IndexColumn:
        """Give a column of the observations that were found, oldest first."""
        pages = [page[column] for page in reversed(self._pages)]
        return np.concatenate(pages) if pages else np.empty(0, dtype=np.int64)


def _largest_id_at(position: int) -> Id:
    """Give the largest stream id that has a position or a smaller one."""
    time_ms, sequence = time_ms_of(position), position & ((1 << SEQUENCE_BITS) - 1)
    if time_ms == MAX_TIME_MS:
        return _LARGEST, _LARGEST
    return time_ms, _LARGEST if sequence == MAX_SEQUENCE else sequence
