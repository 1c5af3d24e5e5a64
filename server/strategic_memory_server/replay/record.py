"""Record: all entries of the files in the order of their times, read a stretch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.replay.cell_columns import Mask
from strategic_memory_server.replay.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.entry_rows import columns_of
from strategic_memory_server.replay.rejected_rows import RejectedRows
from strategic_memory_server.replay.row_order import KEY
from strategic_memory_server.replay.spool import Spool, Storage

Progress = Callable[[float], None]
"""Told how much is done, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Entries that follow each other.

    Attributes:
        start: place of the first of them in the record.
        entries: the entries. Every one has a regime: its own, or the one observed at its time, or UNKNOWN.
        repeated: trades whose id an earlier trade of the record had.
    """

    start: int
    entries: EntryColumns
    repeated: Mask

    def __len__(self) -> int:
        return self.entries.time_ms.size


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What was read, oldest first; at the same time observations before portfolio entries before trades.

    Attributes:
        rows: the entries as rows.
        repeated: places of the trades whose id an earlier trade had, ascending.
        storage: where what is worked out from them can go.
        regime_names: regimes by index.
        strategy_names: strategies by index.
        by_kind: number of entries of each kind.
        first_time_ms: time of the first entry.
        last_time_ms: time of the last entry.
        rejected: rows that could not be used.
        notes: what is worth knowing of those that could, counted.
    """

    rows: Spool
    repeated: Spool
    storage: Storage
    regime_names: tuple[str, ...]
    strategy_names: tuple[str, ...]
    by_kind: Mapping[Kind, int]
    first_time_ms: int
    last_time_ms: int
    rejected: RejectedRows
    notes: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def regime_kind(self) -> Kind:
        """The kind of entries that say which regime there was: observations, or trades where there are none."""
        return Kind.REGIME if self.by_kind[Kind.REGIME] else Kind.TRADE

    def stretches(self) -> Iterator[Stretch]:
        """Give all entries."""
        start = told = 0
        for rows in self.rows.pieces():
            repeated = np.zeros(rows.size, dtype=np.bool_)
            # As many places as there are rows reach at least to the end of the rows.
            places = self.repeated.read(told, rows.size)[KEY]
            within = places[: int(np.searchsorted(places, start + rows.size))]
            repeated[within - start] = True
            told += within.size
            yield Stretch(start, columns_of(rows), repeated)
            start += rows.size
