"""Record: all entries of the files in the order of their times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.record.rejected_rows import RejectedRows
from strategic_memory_server.replay.record.table_read import TableRead

Progress = Callable[[float], None]
"""Told how much is done, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What was read, oldest first; at the same time observations before portfolio entries before trades.

    Attributes:
        entries: the entries, one at least, each trade once, at its last row. Each has a regime: its own, or the one
            observed at its opening, or UNKNOWN.
        regime_names: regimes by index.
        strategy_names: strategies by index.
        by_kind: number of entries of each kind.
        rejected: rows that could not be used.
        notes: what is worth knowing of those that could, counted.
        look_alike: a regime and the one that it looks like; empty where there is none.
        tables: what was read of each table, and as what.
        written: how the columns of each table are written, by our names: by what a message calls the table.
    """

    entries: EntryColumns
    regime_names: tuple[str, ...]
    strategy_names: tuple[str, ...]
    by_kind: Mapping[Kind, int]
    rejected: RejectedRows
    notes: Mapping[str, int]
    look_alike: str
    tables: Sequence[TableRead]
    written: Mapping[str, Mapping[str, str]]

    def __len__(self) -> int:
        return self.entries.time_ms.size

    @property
    def first_time_ms(self) -> int:
        """Time of the first entry."""
        return int(self.entries.time_ms[0])

    @property
    def last_time_ms(self) -> int:
        """Time of the last entry."""
        return int(self.entries.time_ms[-1])

    @property
    def regime_kind(self) -> Kind:
        """The kind of entries that say which regime there was: observations, or trades where there are none."""
        return Kind.REGIME if self.by_kind[Kind.REGIME] else Kind.TRADE
