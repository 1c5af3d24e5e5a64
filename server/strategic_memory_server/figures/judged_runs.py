"""Runs of trades, by which a confidence that was said before them is judged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.calibration import Calibration, calibration
from strategic_memory_server.figures.finite import ROUNDING

RUN_TRADES = 20
"""Trades that one statement is judged by: a mean above 0 may well go with fewer wins than losses."""


def judged_by_runs(confidence: FloatColumn, starts: IndexColumn, pnl: FloatColumn) -> Calibration:
    """Judge statements by whether the run of 20 trades after each earned anything.

    A run that ended at 0 judges nothing.

    Args:
        confidence: what was said before each run, 0 to 1.
        starts: place of the first trade of each run, at least 20 before the end of `pnl`.
        pnl: what each trade earned.
    """
    ended = ends_of_runs(pnl[starts[:, None] + np.arange(RUN_TRADES)])
    decided = ended != 0.0
    return calibration(confidence[decided], np.where(ended[decided] > 0.0, 1.0, 0.0))


def ends_of_runs(pnl: FloatColumn) -> FloatColumn:
    """Return what each run earned, shape (runs, RUN_TRADES); 0 where what is left of wins and losses is rounding."""
    ended, moved = pnl.sum(axis=1), np.abs(pnl).sum(axis=1)
    return np.where(np.abs(ended) > ROUNDING * moved, ended, 0.0)


def run_starts(group: IndexColumn, said: NDArray[np.bool_]) -> IndexColumn:
    """The places where runs begin: each at the next trade of its group before which something was said.

    A run is of 20 trades of one group. Runs follow each other and share no trade, so each statement is judged once, and
    which trades judge it does not depend on what they earned.

    Args:
        group: code of the group of each trade, ascending.
        said: whether something was said about the group before the trade.
    """
    candidates = np.flatnonzero(said)
    ends = np.searchsorted(group, group[candidates], side="right")
    starts: list[int] = []
    index = 0
    while index < candidates.size:
        start, end = int(candidates[index]), int(ends[index])
        after = start + RUN_TRADES
        if after <= end:
            starts.append(start)
        index = int(candidates.searchsorted(min(after, end)))
    return np.array(starts, dtype=np.int64)
