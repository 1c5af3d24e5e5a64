"""Decision points: the places of a record at which advice is worked out anew.

Advice for an entry rests on what was known before its time. So a decision point is the first entry of its time, and
the advice holds from there up to the next point.
"""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn


class DecisionPoints:
    """Finds the points of a record, stretch by stretch: the first is its start, the others at least `every` apart.

    Args:
        every: entries from one point to the next, at least 1.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._seen = 0
        self._last_time: IndexColumn = np.empty(0, dtype=np.int64)
        self._next = 0

    def within(self, time_ms: IndexColumn) -> IndexColumn:
        """Give the points among the next entries, as places among these, ascending.

        Args:
            time_ms: times of the entries, ascending, none earlier than those of the stretch before.
        """
        times = np.concatenate((self._last_time, time_ms))
        starts = np.flatnonzero(times[1:] != times[:-1]) + 1 - self._last_time.size
        if not self._last_time.size and time_ms.size:
            starts = np.concatenate(([0], starts))
        seen, self._seen = self._seen, self._seen + time_ms.size
        self._last_time = times[-1:]
        if self._every == 1:
            return starts
        points = []
        place = int(np.searchsorted(starts, self._next - seen))
        while place < starts.size:
            points.append(int(starts[place]))
            self._next = seen + points[-1] + self._every
            place = int(np.searchsorted(starts, self._next - seen))
        return np.array(points, dtype=np.int64)


def affordable_every(entries: int, most_decisions: int) -> int:
    """Give the fewest entries between decisions for which there are no more than so many decisions."""
    return max(-(-entries // most_decisions), 1)
