"""Whether confidence was justified: what was said before a run of trades against how the run ended."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.figures.calibration import Calibration, calibration
from strategic_memory_server.figures.judged_runs import RUN_TRADES, ends_of_runs
from strategic_memory_server.replay.courses.course import Course
from strategic_memory_server.replay.judging.trades import Trades


def reliability(course: Course, trades: Trades) -> Calibration:
    """Judge the confidence in force at the opening of each run of 20 trades by whether the run earned anything.

    Runs follow each other in the order of their openings and share no trade, so each statement is judged once. A run
    that ended at 0, and one before which there was no advice, judges nothing.

    Args:
        course: what was advised.
        trades: the trades to judge by.
    """
    runs = trades.pnl.size // RUN_TRADES
    in_order = np.argsort(trades.opened, kind="stable")[: runs * RUN_TRADES].reshape(runs, RUN_TRADES)
    ended = ends_of_runs(trades.pnl[in_order])
    said = course.decisions[course.in_force(trades.opened[in_order[:, 0]])]
    judged = said["advised"] & (ended != 0.0)
    return calibration(said["confidence"][judged], np.where(ended[judged] > 0.0, 1.0, 0.0))
