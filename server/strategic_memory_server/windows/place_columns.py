"""The columns that say where in its stream an entry of a window is, and when that was if its id is a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike

from strategic_memory_server.columns.columns import PositionColumn
from strategic_memory_server.columns.stream_position import POSITION_BYTES, times_ms_of
from strategic_memory_server.windows.column_buffer import Columns

PLACE_DTYPES: Mapping[str, DTypeLike] = {"position": np.dtype(f"S{POSITION_BYTES}"), "time_ms": np.dtype(np.int64)}


def place_columns(positions: PositionColumn) -> Columns:
    """Return `position`, and `time_ms` in milliseconds since 1970-01-01 UTC."""
    return {"position": positions, "time_ms": times_ms_of(positions)}
