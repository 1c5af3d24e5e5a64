"""Whether confidence was justified: what was said before a run of trades against how the run ended."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.calibration import Calibration, calibration
from strategic_memory_server.replay.course import Course
from strategic_memory_server.replay.entry_columns import Kind
from strategic_memory_server.replay.replayed import Replayed
from strategic_memory_server.replay.rules import Rule

RUN_TRADES = 20
"""Trades that one statement is judged by."""


def reliability(course: Course, places: IndexColumn, pnl: FloatColumn) -> Calibration:
    """Judge the confidence in force before each run of 20 trades by whether the run earned anything.

    Runs follow each other and share no trade, so each statement is judged once. A run that ended at exactly 0, and one
    before which there was no advice, judges nothing.

    Args:
        course: what was advised.
        places: places of the trades in the record, ascending.
        pnl: what each earned.
    """
    runs = pnl.size // RUN_TRADES
    ended = pnl[: runs * RUN_TRADES].reshape(runs, RUN_TRADES).sum(axis=1)
    said = course.in_force(places[: runs * RUN_TRADES : RUN_TRADES])
    judged = course.advised[said] & (ended != 0.0)
    outcome = np.where(ended[judged] > 0.0, 1.0, 0.0)
    return calibration(course.confidence[said][judged], outcome)


def judged_trades(replayed: Replayed, rule: Rule) -> tuple[IndexColumn, FloatColumn]:
    """Give places and pnl of the trades to judge by: as under the rule, where that is known; else as recorded."""
    if rule in replayed.choices:
        return replayed.trades.places, replayed.trades.earned(replayed.choices[rule])
    traded = np.flatnonzero(replayed.record.entries.kind == Kind.TRADE)
    return traded, replayed.record.entries.pnl[traded]
