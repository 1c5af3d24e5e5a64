"""Fewer points of a line, of which none of its peaks and troughs is missing."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn

MOST_POINTS = 2_000
"""Most points of one line."""


class ThinnedLine:
    """Keeps of a line that is read once the lowest and the highest point of each stretch, and both ends.

    Args:
        points: how many points the line will have.
        most: most points that are kept, at least 4.
    """

    def __init__(self, points: int, most: int = MOST_POINTS) -> None:
        stretches = points if points <= most else most // 2 - 1
        self._edges: IndexColumn = np.linspace(0, points, stretches + 1).astype(np.int64)
        self._points = points
        self._seen = 0
        # Of each stretch the lowest point, then the highest: x, y and place; then both ends of the line.
        self._kept = [_Extremes(stretches, np.less), _Extremes(stretches, np.greater)]
        self._ends: list[tuple[int, float, float]] = []

    def add(self, x: IndexColumn, y: FloatColumn) -> None:
        """Take in the next points."""
        if not y.size:
            return
        first, last = np.searchsorted(self._edges, (self._seen, self._seen + y.size - 1), side="right") - 1
        inner = self._edges[first + 1 : last + 1] - self._seen
        starts = np.concatenate(([0], inner))
        stretches = np.arange(first, last + 1)
        for extremes, reduced in zip(self._kept, (np.minimum, np.maximum), strict=True):
            best = reduced.reduceat(y, starts)
            # The first point of each stretch that has the extreme value.
            stretch = np.repeat(np.arange(starts.size), np.diff(np.append(starts, y.size)))
            hits = np.flatnonzero(y == best[stretch])
            places = hits[np.unique(stretch[hits], return_index=True)[1]]
            extremes.take(stretches, self._seen + places, x[places], best)
        if not self._seen:
            self._ends.append((0, float(x[0]), float(y[0])))
        self._seen += y.size
        if self._seen == self._points:
            self._ends.append((self._points - 1, float(x[-1]), float(y[-1])))

    def points(self) -> tuple[FloatColumn, FloatColumn]:
        """Give x and y of the points that are kept, in the order of the line."""
        low, high = self._kept
        places = np.concatenate((low.place, high.place, [place for place, _, _ in self._ends])).astype(np.int64)
        x = np.concatenate((low.x, high.x, [x for _, x, _ in self._ends]))
        y = np.concatenate((low.y, high.y, [y for _, _, y in self._ends]))
        _, kept = np.unique(places, return_index=True)
        return x[kept], y[kept]


class _Extremes:
    """The lowest points of so many stretches, or the highest."""

    def __init__(self, stretches: int, beats: np.ufunc) -> None:
        self.place = np.full(stretches, -1, dtype=np.int64)
        self.x, self.y = np.zeros(stretches), np.zeros(stretches)
        self._beats = beats

    def take(self, stretches: IndexColumn, place: IndexColumn, x: IndexColumn, y: FloatColumn) -> None:
        """Take the extremes of a part of each of some stretches, where they beat those of the part before."""
        better = (self.place[stretches] < 0) | self._beats(y, self.y[stretches])
        taken = stretches[better]
        self.place[taken], self.x[taken], self.y[taken] = place[better], x[better], y[better]
