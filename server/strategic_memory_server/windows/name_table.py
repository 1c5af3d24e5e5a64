"""NameTable: gives each distinct name an index."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn, index_column

SPARE_NAMES = 1_024
"""So many names that are no longer used may stay in a table beside as many as are used."""


class NameTable:
    """Names by index, in the order of first appearance."""

    def __init__(self) -> None:
        self._indices: dict[str, int] = {}
        self._names: tuple[str, ...] = ()
        self._looked_at = 0

    @property
    def names(self) -> tuple[str, ...]:
        """All names by index; the tuple stays right for every index that was given so far."""
        if len(self._names) != len(self._indices):
            self._names = tuple(self._indices)
        return self._names

    def index(self, name: str) -> int:
        """Return the index of a name."""
        return self._indices.setdefault(name, len(self._indices))

    def column(self, names: Iterable[str]) -> IndexColumn:
        """Return the indices of some names; -1 for an empty one."""
        indices = self._indices
        return index_column([indices.setdefault(name, len(indices)) if name else -1 for name in names])

    @property
    def may_be_crowded(self) -> bool:
        """Whether so many names came since the last look that it is worth to count those that are used."""
        return len(self._indices) > self._looked_at + SPARE_NAMES

    def renumber(self, used: Iterable[str]) -> IndexColumn | None:
        """Forget the names that are not used, if they are many; the new index of each old one then, else None."""
        kept = dict.fromkeys(used)
        self._looked_at = len(self._indices)
        if len(self._indices) <= 2 * len(kept) + SPARE_NAMES:
            return None
        new = np.full(len(self._indices), -1, dtype=np.int64)
        for index, name in enumerate(kept):
            new[self._indices[name]] = index
        self._indices = {name: index for index, name in enumerate(kept)}
        self._names = ()
        self._looked_at = len(self._indices)
        return new
