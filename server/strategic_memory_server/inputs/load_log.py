"""LoadLog: says in the log how a long reading gets on, and that entries were trimmed before they could be read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import structlog

from strategic_memory_server.inputs.read_outcome import Gap
from strategic_memory_server.inputs.stream_follower import StreamFollower

PROGRESS_S = 2.0
"""Time between two lines about the progress of one reading, seconds."""

GAPS_S = 60.0
"""Time between two lines about gaps of one stream, seconds."""

logger = structlog.get_logger(__name__)


class LoadLog:
    """Writes the lines, few in a while; `gaps` counts the readings that found a gap, by source."""

    def __init__(self) -> None:
        self.gaps: Counter[str] = Counter()
        self._began_s = self._told_s = math.inf
        self._told_gap_s: dict[str, float] = {}
        self._telling = False

    def begin(self, now_s: float) -> None:
        """Begin a reading. `now_s` is of a clock that only goes forward, seconds, here and below."""
        self._began_s = self._told_s = now_s
        self._telling = False

    def progress(self, followers: Iterable[StreamFollower], now_s: float) -> None:
        """Say how far the windows have been read, if it is time to."""
        if now_s - self._told_s < PROGRESS_S:
            return
        self._told_s, self._telling = now_s, True
        for follower in followers:
            if follower.from_scratch:
                entries, of_entries = follower.progress
                logger.info("Reading the memory", source=follower.source, entries=entries, of=of_entries)

    def end(self, samples: int, gaps: Iterable[Gap], now_s: float) -> None:
        """Say that a reading whose progress was told is complete, and which gaps it has found."""
        if self._telling:
            logger.info("Memory read", entries=samples, elapsed_s=round(now_s - self._began_s, 3))
        for gap in gaps:
            self.gaps[gap.source] += 1
            if now_s - self._told_gap_s.get(gap.source, -math.inf) >= GAPS_S:
                self._told_gap_s[gap.source] = now_s
                logger.warning(
                    "Entries were trimmed from the stream before they could be read"
                    if gap.entries is not None
                    else "Entries may have been trimmed from the stream before they could be read",
                    source=gap.source,
                    entries=gap.entries,
                    advice="raise the MAXLEN of the producer, or lower MEMORY_SYNC_INTERVAL",
                )
