"""The columns that say when an entry of a window was opened, and where in the regime stream that was."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike

from strategic_memory_server.columns.columns import IndexColumn, PositionColumn
from strategic_memory_server.columns.stream_position import MAX_TIME_MS, positions_at_end_of
from strategic_memory_server.entries.openings import EARLIEST_MS, OPENING_NOT_GIVEN
from strategic_memory_server.windows.column_buffer import Columns

OPENING_DTYPES: Mapping[str, DTypeLike] = {"opened_ms": np.dtype(np.int64), "opening": np.dtype(np.int8)}


class OpeningTime(enum.IntEnum):
    """What is known of an opening. One can only be compared with ids that are times."""

    NOT_GIVEN = 0
    KNOWN = 1
    NOT_COMPARABLE = 2


def opening_columns(given_ms: IndexColumn, time_ms: IndexColumn) -> Columns:
    """Make both columns: when each entry was opened, its own time where that is not known, and an `OpeningTime`.

    Where no entry gives an opening, as is usual, that is said in a few steps.

    Args:
        given_ms: openings as entries give them, or `OPENING_NOT_GIVEN`.
        time_ms: the times of the entries.
    """
    if not np.any(given_ms != OPENING_NOT_GIVEN):
        return {"opened_ms": time_ms, "opening": np.zeros(time_ms.size, dtype=np.int8)}
    is_given, is_time = given_ms != OPENING_NOT_GIVEN, (time_ms >= EARLIEST_MS) & (time_ms < MAX_TIME_MS)
    return {
        "opened_ms": np.where(is_given & is_time, np.minimum(given_ms, time_ms), time_ms),
        "opening": np.where(is_time, OpeningTime.KNOWN, OpeningTime.NOT_COMPARABLE).astype(np.int8) * is_given,
    }


def opening_positions(columns: Columns) -> PositionColumn:
    """Return where in the regime stream each entry was opened; where it stands itself, if that is not known."""
    positions: PositionColumn = columns["position"]
    earlier = np.flatnonzero(columns["opened_ms"] < columns["time_ms"])
    if not earlier.size:
        return positions
    found = positions.copy()
    found[earlier] = positions_at_end_of(columns["opened_ms"][earlier])
    return found
