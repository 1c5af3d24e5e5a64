"""GapWatch: whether entries of a stream were added and trimmed again before they could be read."""

from __future__ import annotations

from strategic_memory_server.entries.notes import PERHAPS_TRIMMED_BEFORE_READ, TRIMMED_BEFORE_READ
from strategic_memory_server.inputs.bookmark import Bookmark, StreamInfo
from strategic_memory_server.inputs.read_outcome import Gap


class GapWatch:
    """Compares what was read of one stream with what was added to it.

    Args:
        source: name of the stream.
    """

    def __init__(self, source: str) -> None:
        self.found: Gap | None = None
        """The gap that this reading has found."""
        self._source = source
        self._noted: Gap | None = None

    def look(self, left_at: Bookmark | None, info: StreamInfo) -> None:
        """Look for a gap between where the stream was left and what it holds now."""
        if left_at is None or self.found is not None:
            return
        missed = left_at.missed(info)
        if missed is None or missed:
            self.found = Gap(self._source, missed)

    def end(self, *, is_full: bool) -> None:
        """End a reading. A gap is noted for as long as the window may lack what was in it: until it is full."""
        if self.found is not None:
            self._noted = self.found
        elif is_full:
            self._noted = None

    def notes(self) -> dict[str, int]:
        """Return the note for the report: how many entries were missed, 1 where that is not known."""
        if self._noted is None:
            return {}
        missed = self._noted.entries
        return {PERHAPS_TRIMMED_BEFORE_READ if missed is None else TRIMMED_BEFORE_READ: missed or 1}
