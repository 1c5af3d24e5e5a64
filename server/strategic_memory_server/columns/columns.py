"""Columns: parallel numpy arrays, one for each field of the entries of a window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatColumn = NDArray[np.float64]
IndexColumn = NDArray[np.int64]
PositionColumn = NDArray[np.bytes_]
"""Ids of stream entries, see `stream_position.py`."""


def float_column(values: Sequence[float]) -> FloatColumn:
    """Make a read-only column of numbers."""
    column = np.array(values, dtype=np.float64)
    column.flags.writeable = False
    return column


def index_column(values: Sequence[int]) -> IndexColumn:
    """Make a read-only column of indices or times."""
    column = np.array(values, dtype=np.int64)
    column.flags.writeable = False
    return column
