"""The longest unbroken run of losses."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn


def longest_losing_run(pnl: FloatColumn) -> int | None:
    """Most losing trades (pnl < 0) in a row; a trade that broke even ends a run. None without a trade.

    The runs of A. Wald and J. Wolfowitz (1940), "On a test whether two samples are from the same population", Ann.
    Math. Statist. 11.
    """
    if not pnl.size:
        return None
    others = np.flatnonzero(np.concatenate(([True], pnl >= 0.0, [True])))
    return int(np.diff(others).max()) - 1
