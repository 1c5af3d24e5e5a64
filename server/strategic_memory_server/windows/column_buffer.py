"""ColumnBuffer: the growing and shrinking columns of one window, in arrays with room at the end.

What was handed out as a view stays as it is: new entries go behind every view, room is made in new arrays, and a
correction copies its column first where anybody still looks at it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from strategic_memory_server.columns.columns import IndexColumn

Columns = Mapping[str, NDArray[Any]]

SMALLEST_ROOM = 64
"""Least room that is made beyond the entries; from four times as many entries on it is a quarter of them."""

# What refers to an array that nobody looks at: the dictionary of columns, a local name, the argument of getrefcount.
_OWN_REFERENCES = 3


def joined_columns(parts: Sequence[Columns]) -> Columns:
    """Put parts with the same columns, one at least, one behind the other."""
    return parts[0] if len(parts) == 1 else {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class ColumnBuffer:
    """Parallel columns, oldest entry first.

    Args:
        dtypes: type of each column, by its name.
    """

    def __init__(self, dtypes: Mapping[str, DTypeLike]) -> None:
        self._arrays: dict[str, NDArray[Any]] = {name: np.empty(0, dtype=dtype) for name, dtype in dtypes.items()}
        self._capacity = 0
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    def column(self, name: str) -> NDArray[Any]:
        """Return a column as a read-only view that never changes."""
        view = self._arrays[name][self._start : self._end]
        view.flags.writeable = False
        return view

    def columns(self, start: int = 0, end: int | None = None) -> Columns:
        """Return all columns from one place to another as such views."""
        found = {}
        end = self._end if end is None else self._start + end
        for name, array in self._arrays.items():
            view = array[self._start + start : end]
            view.flags.writeable = False
            found[name] = view
        return found

    def reserve(self, entries: int) -> None:
        """Make room for so many entries more."""
        if self._end + entries <= self._capacity:
            return
        needed = len(self) + entries
        self._capacity = needed + max(needed // 4, SMALLEST_ROOM)
        for name, array in self._arrays.items():
            roomier = np.empty(self._capacity, dtype=array.dtype)
            roomier[: len(self)] = array[self._start : self._end]
            self._arrays[name] = roomier
        self._start, self._end = 0, len(self)

    def append(self, columns: Columns) -> None:
        """Add entries at the new end; every column has the same length."""
        entries = next(iter(columns.values())).size
        self.reserve(entries)
        for name, array in self._arrays.items():
            array[self._end : self._end + entries] = columns[name]
        self._end += entries

    def drop_oldest(self, entries: int) -> None:
        """Remove so many entries at the old end."""
        self._start += entries

    def clear(self) -> None:
        """Remove everything, and the room with it."""
        self._arrays = {name: np.empty(0, dtype=array.dtype) for name, array in self._arrays.items()}
        self._capacity = self._start = self._end = 0

    def correct(self, name: str, places: NDArray[np.intp], values: NDArray[Any]) -> None:
        """Replace values of one column at some places, counted from the oldest entry."""
        array = self._arrays[name]
        if sys.getrefcount(array) > _OWN_REFERENCES:
            array = array.copy()
            self._arrays[name] = array
        array[self._start + places] = values

    def renumber(self, name: str, new: IndexColumn) -> None:
        """Replace the indices in a column by new ones, which `new` gives for each old one; -1 stays."""
        array = self._arrays[name].copy()
        live = array[self._start : self._end]
        given = live >= 0
        live[given] = new[live[given]]
        self._arrays[name] = array
