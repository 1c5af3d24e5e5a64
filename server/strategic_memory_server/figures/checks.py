"""What the columns have to be, checked before anything is worked out from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn

MAX_PNL = 1e100
"""Largest absolute pnl that is taken: sums of a million of them are still finite."""


def check_pnl(pnl: FloatColumn) -> None:
    """Raise ValueError for a pnl that is not finite, or too large to be summed."""
    _refuse("pnl", pnl, ~(np.abs(pnl) <= MAX_PNL), f"give a finite number up to {MAX_PNL:g} in size")


def check_weights(weights: FloatColumn) -> None:
    """Raise ValueError for a weight that is negative or not finite."""
    _refuse("weights", weights, ~((weights >= 0.0) & np.isfinite(weights)), "give a finite number, at least 0")


def check_probabilities(name: str, values: FloatColumn) -> None:
    """Raise ValueError for what is not between 0 and 1."""
    _refuse(name, values, ~((values >= 0.0) & (values <= 1.0)), "give a probability from 0 to 1")


def check_times(name: str, times_ms: IndexColumn) -> None:
    """Raise ValueError where a time is earlier than the one before."""
    earlier = np.zeros(times_ms.size, dtype=np.bool_)
    earlier[1:] = times_ms[1:] < times_ms[:-1]
    _refuse(name, times_ms, earlier, "it is earlier than the one before; sort oldest first")


def check_length(name: str, column: FloatColumn | IndexColumn, length: int) -> None:
    """Raise ValueError for a column that is not as long as the one it belongs to."""
    if column.size != length:
        raise ValueError(f"{name} has {column.size} values where {length} are needed; give one for each entry")


def _refuse(name: str, column: FloatColumn | IndexColumn, wrong: NDArray[np.bool_], fix: str) -> None:
    if wrong.any():
        index = int(np.argmax(wrong))
        raise ValueError(f"{name}[{index}] is {column[index]}; {fix}")
