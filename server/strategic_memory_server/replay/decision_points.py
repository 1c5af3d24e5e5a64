"""Decision points: the places of a record at which advice is worked out anew.

Advice for an entry rests on what was known before its time. So a decision point is the first entry of its time, and
the advice holds from there up to the next point.
"""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns import IndexColumn


def decision_points(time_ms: IndexColumn, every: int) -> IndexColumn:
    """Give the places, ascending, the first of them 0: each the first of its time, at least `every` entries apart.

    Args:
        time_ms: times of the entries, ascending.
        every: entries from one point to the next, at least 1.
    """
    if not time_ms.size:
        return np.empty(0, dtype=np.int64)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(time_ms)) + 1))
    if every == 1:
        return starts
    points = [0]
    place = int(np.searchsorted(starts, every))
    while place < starts.size:
        points.append(int(starts[place]))
        place = int(np.searchsorted(starts, points[-1] + every))
    return np.array(points, dtype=np.int64)


def affordable_every(entries: int, most_decisions: int) -> int:
    """Give the fewest entries between decisions for which there are no more than so many decisions."""
    return max(-(-entries // most_decisions), 1)
