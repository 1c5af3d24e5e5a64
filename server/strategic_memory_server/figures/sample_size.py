"""How much a group of trades can say: effective number and age of the newest."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn


def effective_size(weights: FloatColumn) -> float | None:
    """Number of equally weighted trades that would say as much: (sum w)^2 / sum w^2, from 1 to n.

    L. Kish (1965), "Survey Sampling", section 11.7. None where no trade has a weight.

    Args:
        weights: weight of each trade, finite and at least 0, in any unit.
    """
    largest = float(weights.max(initial=0.0))
    if not largest:
        return None
    scaled = np.ldexp(weights, -int(np.frexp(largest)[1]))
    total = float(scaled.sum())
    return min(max(total * total / float(np.square(scaled).sum()), 1.0), float(weights.size))


def newest_age_ms(time_ms: IndexColumn, now_ms: int) -> int | None:
    """Milliseconds from the newest trade to now; 0 where a clock ahead of ours has dated it later, None without one.

    Args:
        time_ms: times of the trades, milliseconds since 1970-01-01 UTC, none earlier than the one before.
        now_ms: the present, in the same unit.
    """
    return max(now_ms - int(time_ms[-1]), 0) if time_ms.size else None
