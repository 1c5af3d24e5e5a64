"""The safe values: CONSERVATIVE, confidence 0, and a leverage by one table that server and client are held to."""

from __future__ import annotations

SAFE_LEVERAGES: list[tuple[float, tuple[float, ...], float]] = [
    # The leverage that was advised, the caps in force (the lowest first), and the safe leverage.
    (1.5, (), 1.0),
    (1.0, (), 1.0),
    (0.7, (), 0.7),
    (0.0, (), 0.0),
    (2.0, (1.75,), 1.0),
    (1.5, (0.6, 2.0), 0.6),
    (0.5, (0.6,), 0.5),
    (0.6, (0.6,), 0.6),
    (1.5, (0.0,), 0.0),
]
