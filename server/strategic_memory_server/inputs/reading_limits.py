"""ReadingLimits: how much of a stream is read at once, and how much is looked at in search of usable entries."""

from __future__ import annotations

from dataclasses import dataclass, field

from strategic_memory_server.redis_access.reading_pace import ReadingPace

MANY_PASSED = 500
"""Where more entries than that are passed over in search of usable ones, the window is read on from where it was."""

READ_ON = 1_000
"""Most entries that are read then in one reading; the next one goes on."""


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Limits on reading.

    Attributes:
        page_entries: most entries read by one command: a longer reply would hold up Redis, and this process.
        extra_entries: most entries looked at beyond a window's length, in search of usable ones.
        pace: how much of a page arrives in time.
    """

    page_entries: int = 500
    extra_entries: int = 50_000
    pace: ReadingPace = field(default_factory=ReadingPace, compare=False)

    @property
    def page_now(self) -> int:
        """Number of entries to read by the next command."""
        return self.pace.entries(self.page_entries)
