"""ObservationLookup: finds the observations that entries without a regime of their own take theirs from.

Synchronous: it says which commands it wants sent, and is fed the replies. Where observations are rarer than such
entries it reads the stretch of the regime stream that the entries span, newest first; where they are so frequent that
most would be read for nothing, it asks for the last observation before each entry instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn, PositionColumn
from strategic_memory_server.columns.stream_position import (
    LARGEST,
    Id,
    id_of,
    id_of_position,
    position_column,
    shown_id,
)
from strategic_memory_server.entries.entries import RegimeObservation
from strategic_memory_server.entries.rejections import RejectedInput
from strategic_memory_server.inputs.page_reader import Page, PageReader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.redis_access.round_trip import Reply, packed, stream_entries
from strategic_memory_server.windows.column_buffer import Columns

_WORTH_READING = 0.1
"""Observations are frequent where a page of them serves fewer entries than this share of it."""


class ObservationLookup:
    """Which observations are still looked for, and which pages are to be read next.

    Args:
        key: key of the regime stream.
        positions: positions of the entries, ascending.
        reader: reads the pages.
        limits: how long a page is, and how many malformed observations are passed.
    """

    def __init__(
        self, key: str, positions: PositionColumn, reader: PageReader[RegimeObservation], limits: ReadingLimits
    ) -> None:
        self._key = key
        self._reader = reader
        self._limits = limits
        self._pending = positions
        self._below: Id = (LARGEST + 1, 0)
        """There is no usable observation between this one and the pending entries after it."""
        self._asked: PositionColumn | None = None
        self._are_frequent = False
        self._page_entries = limits.page_entries
        self._found: list[Columns] = []
        self._rejected: dict[str, RejectedInput] = {}

    @property
    def rejected(self) -> list[RejectedInput]:
        """Observations that were met and could not be used."""
        return list(self._rejected.values())

    def commands(self) -> list[bytes]:
        """Return the commands to send next; none when nothing more is wanted."""
        self._asked = None
        if not self._pending.size or len(self._rejected) > self._limits.extra_entries:
            return []
        page_entries = self._page_entries = self._limits.page_now
        if self._are_frequent:
            self._asked = np.unique(self._pending[-page_entries:])
            return [self._range(shown_id(id_of_position(position)), "-", 1) for position in self._asked.tolist()]
        newest, oldest = id_of_position(self._pending[-1]), id_of_position(self._pending[0])
        upper = shown_id(newest) if newest < self._below else f"({shown_id(self._below)}"
        if self._below <= oldest:
            return [self._range(upper, "-", page_entries)]
        # The second one is for the oldest entry: its observation may be however old.
        return [
            self._range(upper, shown_id(oldest), page_entries),
            self._range(f"({shown_id(oldest)}", "-", 1),
        ]

    def feed(self, replies: Sequence[Reply]) -> None:
        """Take the replies to the commands, in their order.

        Raises:
            redis.exceptions.ResponseError: one of them is an error.
        """
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        pages = [stream_entries(reply) for reply in replies]
        if self._asked is None:
            self._take_stretch(pages)
        else:
            self._take_each(pages, self._asked)

    def found(self) -> tuple[PositionColumn, IndexColumn]:
        """Return the positions and regimes of what was found, oldest first; one may be there more than once."""
        if not self._found:
            return position_column([]), np.empty(0, dtype=np.int64)
        parts = self._found[::-1]
        positions = np.concatenate([part["position"] for part in parts])
        order = np.argsort(positions, kind="stable")
        return positions[order], np.concatenate([part["regime"] for part in parts])[order]

    def _take_stretch(self, pages: list[Page]) -> None:
        page, is_full = pages[0], len(pages[0]) >= self._page_entries
        if not is_full:
            page = [*page, *(entry for later in pages[1:] for entry in later)]
        waited = self._pending.size
        positions = self._read(page)
        if positions.size:
            self._pending = self._pending[: int(np.searchsorted(self._pending, positions[0]))]
        self._are_frequent = is_full and waited - self._pending.size < _WORTH_READING * len(page)
        if is_full or (len(pages) > 1 and pages[1]):
            self._below = id_of(page[-1][0])
        else:
            self._pending = self._pending[:0]

    def _take_each(self, pages: list[Page], asked: PositionColumn) -> None:
        last: Page = []
        for page in reversed(pages):
            if page and (not last or page[0][0] != last[-1][0]):
                last.append(page[0])
        usable = self._read(last)
        served = [not page or page[0][0].decode() not in self._rejected for page in pages]
        earlier = self._pending[: int(np.searchsorted(self._pending, asked[0]))] if pages[0] else asked[:0]
        unserved: PositionColumn = asked[~np.array(served, dtype=np.bool_)]
        self._pending = np.concatenate([earlier, unserved])
        self._are_frequent = not unserved.size and usable.size >= _WORTH_READING * asked.size

    def _read(self, page: Page) -> PositionColumn:
        """Read observations, newest first; the positions of the usable ones, oldest first."""
        read = self._reader.read(page)
        self._rejected.update((entry.entry_id, entry) for entry in read.rejected)
        if read.usable:
            self._found.append({name: column[::-1] for name, column in read.columns.items()})
        positions: PositionColumn = read.columns["position"][::-1]
        return positions

    def _range(self, upper: str, lower: str, count: int) -> bytes:
        return packed("XREVRANGE", self._key, upper, lower, "COUNT", count)
