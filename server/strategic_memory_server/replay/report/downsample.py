"""Fewer points of a line, of which none of its peaks and troughs is missing."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn

MOST_POINTS = 2_000
"""Most points of one line."""


def thinned(x: IndexColumn, y: FloatColumn, most: int = MOST_POINTS) -> tuple[FloatColumn, FloatColumn]:
    """Return of a line the lowest and the highest point of each stretch, and both ends.

    Args:
        x: where its points are, ascending.
        y: how high.
        most: most points that are kept, at least 4.
    """
    if y.size <= most:
        return x.astype(np.float64), y
    edges = np.linspace(0, y.size, most // 2).astype(np.int64)
    stretch = np.repeat(np.arange(edges.size - 1), np.diff(edges))
    kept = [np.array([0, y.size - 1])]
    for reduced in (np.minimum, np.maximum):
        # The first point of each stretch that has the extreme value.
        hits = np.flatnonzero(y == reduced.reduceat(y, edges[:-1])[stretch])
        kept.append(hits[np.unique(stretch[hits], return_index=True)[1]])
    places = np.unique(np.concatenate(kept))
    return x[places].astype(np.float64), y[places]
