"""Fewer points of a line, of which none of its peaks and troughs is missing."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns import FloatColumn, IndexColumn

MOST_POINTS = 2_000
"""Most points of one line."""


def kept_points(values: FloatColumn, most: int = MOST_POINTS) -> IndexColumn:
    """Give the places, ascending, of at most so many points: the lowest and the highest of each stretch, and both ends.

    Args:
        values: the line.
        most: most points that are kept, at least 4.
    """
    if values.size <= most:
        return np.arange(values.size)
    stretches = most // 2 - 1
    edges = np.linspace(0, values.size, stretches + 1).astype(np.int64)
    kept = [0, values.size - 1]
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        stretch = values[start:end]
        kept.extend((start + int(np.argmin(stretch)), start + int(np.argmax(stretch))))
    return np.unique(np.array(kept, dtype=np.int64))
