"""Whether confidence was justified: what was said before a run of trades against how the run ended."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.calibration import Calibration, CalibrationTally
from strategic_memory_server.figures.judged_runs import RUN_TRADES
from strategic_memory_server.replay.course import Course, InForce
from strategic_memory_server.replay.trade_table import TradeTable


def reliability(course: Course, trades: TradeTable) -> Calibration:
    """Judge the confidence in force before each run of 20 trades by whether the run earned anything.

    Runs follow each other and share no trade, so each statement is judged once. A run that ended at exactly 0, and one
    before which there was no advice, judges nothing.

    Args:
        course: what was advised.
        trades: the trades to judge by.
    """
    in_force, tally = InForce(course), CalibrationTally()
    places: IndexColumn = np.empty(0, dtype=np.int64)
    pnl: FloatColumn = np.empty(0)
    for piece in trades.pieces():
        places, pnl = np.concatenate((places, piece.places)), np.concatenate((pnl, piece.pnl))
        runs = pnl.size // RUN_TRADES
        end = runs * RUN_TRADES
        ended = pnl[:end].reshape(runs, RUN_TRADES).sum(axis=1)
        said = in_force.at(places[:end:RUN_TRADES])
        judged = said["advised"] & (ended != 0.0)
        tally.add(said["confidence"][judged], np.where(ended[judged] > 0.0, 1.0, 0.0))
        places, pnl = places[end:], pnl[end:]
    return tally.calibration()
