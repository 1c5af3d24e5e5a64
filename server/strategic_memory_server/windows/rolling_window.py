"""RollingWindow: what the three windows of the loader have in common: new entries in, old ones out.

A window is the newest `length` usable entries of its stream, looked for among the newest `length` + `extra_entries`
entries of any kind. It is kept exactly as a scan of the whole stream would find it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn, PositionColumn
from strategic_memory_server.columns.stream_position import POSITION_BYTES, id_of_position, shown_id
from strategic_memory_server.entries.notes import ID_IN_FUTURE, ID_IS_NO_TIME
from strategic_memory_server.entries.openings import EARLIEST_MS
from strategic_memory_server.windows.column_buffer import ColumnBuffer, Columns
from strategic_memory_server.windows.reason_tail import ReasonTail

ALL_GONE = b"\xff" * (POSITION_BYTES + 1)
"""Position of the first entry of a stream without entries."""


class RollingWindow(ABC):
    """The newest usable entries of one stream, as columns.

    Args:
        length: most usable entries in it.
        buffer: its columns; one of them is "position".
        extra_entries: most entries looked at beyond that length, in search of usable ones.
    """

    def __init__(self, length: int, buffer: ColumnBuffer, extra_entries: int) -> None:
        self.length = length
        self._extra_entries = extra_entries
        self.buffer = buffer
        self.malformed = ReasonTail()
        self.oddly_written = ReasonTail()
        """Usable entries with something about how they are written, each with its note."""

    def __len__(self) -> int:
        return len(self.buffer)

    @property
    def counted(self) -> int:
        """Number of entries that count; the others were seen before."""
        return len(self)

    @property
    def positions(self) -> PositionColumn:
        """Positions of the usable entries."""
        return self.buffer.column("position")

    def in_future(self, latest_ms: int) -> int:
        """Count the entries whose ids are later than a time, milliseconds since 1970-01-01 UTC."""
        times_ms: IndexColumn = self.buffer.column("time_ms")
        if not times_ms.size or times_ms[-1] <= latest_ms:
            return 0
        return times_ms.size - int(np.searchsorted(times_ms, latest_ms, side="right"))

    @property
    def no_times(self) -> int:
        """Number of entries whose ids lie before every time that anybody means: they count something else."""
        times_ms: IndexColumn = self.buffer.column("time_ms")
        return int(np.searchsorted(times_ms, EARLIEST_MS)) if times_ms.size and times_ms[0] < EARLIEST_MS else 0

    def notes(self, latest_ms: int) -> dict[str, int]:
        """Count what is worth a note; ids that are later than a time are no times."""
        self.oddly_written.drop_before(bytes(self.positions[0]) if len(self) else ALL_GONE)
        counts = {ID_IN_FUTURE: self.in_future(latest_ms), ID_IS_NO_TIME: self.no_times}
        return self.oddly_written.counts() | {note: count for note, count in counts.items() if count}

    def examples(self, notes: Collection[str]) -> dict[str, str]:
        """Return an entry for each of some notes that shows what it means, where that takes one."""
        places = {ID_IN_FUTURE: -1, ID_IS_NO_TIME: 0}
        ids = {note: shown_id(id_of_position(self.positions[at])) for note, at in places.items() if note in notes}
        return self.oddly_written.examples() | ids

    @property
    def refused_last(self) -> int:
        """Number of malformed entries after the newest usable one, up to `reason_tail.COUNTED_AFTER`."""
        return self.malformed.after(bytes(self.positions[-1]) if len(self) else b"")

    @property
    def spanned(self) -> int:
        """Number of entries, usable or not, from the oldest one that is remembered on."""
        return len(self) + len(self.malformed)

    @property
    def passed_over(self) -> int:
        """Number of these that do not count."""
        return self.spanned - self.counted

    @property
    def oldest(self) -> bytes | None:
        """Position of the oldest entry, usable or not, that is remembered; None without one."""
        malformed = self.malformed.oldest
        usable = bytes(self.positions[0]) if len(self) else malformed
        return usable if malformed is None or usable is None else min(usable, malformed)

    def surplus(self, first: bytes) -> int:
        """Number of oldest usable entries that have to go; `first` is the position of the stream's first entry."""
        self.malformed.drop_before(first)
        if not len(self):
            return 0
        positions = self.positions
        gone = int(np.searchsorted(positions, first)) if positions[0] < first <= positions[-1] else 0
        gone = len(self) if positions[-1] < first else gone
        return max(gone, self.counted - self.length)

    def drop_passed(self) -> int:
        """Forget malformed entries that a scan would not reach; the number of oldest usable ones that it would not."""
        if self.counted >= self.length:
            self.malformed.drop_before(bytes(self.positions[0]))
        unreached = 0
        while self.spanned - unreached > self.length + self._extra_entries:
            malformed = self.malformed.oldest
            if malformed is not None and (unreached == len(self) or malformed < self.positions[unreached]):
                self.malformed.drop_oldest()
            else:
                unreached += 1
        return unreached

    def drop_oldest(self, count: int) -> None:
        """Remove so many of the oldest usable entries."""
        if count >= len(self):
            self.clear_entries()
            return
        self._uncount_oldest(count)
        self.buffer.drop_oldest(count)

    def clear(self) -> None:
        """Remove everything."""
        self.malformed, self.oddly_written = ReasonTail(), ReasonTail()
        self.clear_entries()

    def clear_entries(self) -> None:
        """Remove every usable entry."""
        self.buffer.clear()
        self._reset_tallies()

    @abstractmethod
    def append(self, columns: Columns) -> None:
        """Add entries at the new end."""

    @abstractmethod
    def _uncount_oldest(self, count: int) -> None:
        """Take the oldest entries, so many but not all, from the tallies."""

    @abstractmethod
    def _reset_tallies(self) -> None:
        """Start the tallies again from nothing."""
