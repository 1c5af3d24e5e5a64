"""FileEntries: the entries of files in order, each trade once; what a replay judges and an import writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.replay.files.cell_columns import Mask
from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.record.counted_twice import (
    require_ids_of_trades,
    require_rows_once,
    require_tables_apart,
)
from strategic_memory_server.replay.record.entries_and_exits import require_one_row_a_trade
from strategic_memory_server.replay.record.entry_columns import EntryColumns, EntryReader, Kind, at, concatenated
from strategic_memory_server.replay.record.few_enough import require_few
from strategic_memory_server.replay.record.file_reading import FileReading
from strategic_memory_server.replay.record.one_unit import require_one_unit
from strategic_memory_server.replay.record.record import Progress
from strategic_memory_server.replay.record.rejected_rows import require_few_refused
from strategic_memory_server.replay.record.same_results import require_other_results
from strategic_memory_server.replay.written.ways import Declared

_KIND_BITS = 2


class ReadingOptions(TypedDict, total=False):
    """What can be said of a reading beside its files and columns."""

    strategy: str | None
    """Whose trades are read, where an export holds those of several."""
    accept_refused: float | None
    """Share of the rows that may be refused, 0 to 1; None: as `require_few_refused` says. All, where it is not said."""
    within_ms: tuple[int, int] | None
    """The times that can be meant, milliseconds since 1970 UTC; None: all."""
    declared: Declared | None
    """What is known of how numbers and times are written."""


@dataclass(frozen=True, slots=True, eq=False)
class FileEntries:
    """Entries of files in order, and what was left out of them.

    Attributes:
        entries: by time, then kind; equal ones in the order in which they were read. Of one trade its last row.
        trade_ids: the id of the trade of each, empty for none; empty where they were not asked for.
        repeated: number of rows that were left out, since their trade has a later one.
        source: where they were read from, and what was refused.
        reader: knows the regimes and strategies by their codes.
    """

    entries: EntryColumns
    trade_ids: Sequence[str]
    repeated: int
    source: FileReading
    reader: EntryReader


def read_entries(
    files: Sequence[Path],
    names: ColumnMap,
    default_kind: Kind | None,
    reading: Progress,
    *,
    keeps_trade_ids: bool = False,
    **asked: Unpack[ReadingOptions],
) -> FileEntries:
    """Read files.

    Args:
        files: what to read.
        names: the files' names of columns.
        default_kind: what a row is that does not say it; None: what its columns say.
        reading: told how much of the files has been read, 0 to 1.
        keeps_trade_ids: whether to keep the ids of trades as they are written, and not their fingerprints alone.
        asked: see `ReadingOptions`.

    Raises:
        ReplayError: a file cannot be read, nothing in the files can be used, there is more than is held, or trades
            would count twice.
    """
    reader = EntryReader(default_kind, asked.get("within_ms"), keeps_trade_ids=keeps_trade_ids)
    source = FileReading(files, names, reader, reading, asked.get("strategy"), asked.get("declared"))
    pages: list[EntryColumns] = []
    tables: list[NDArray[np.intp]] = []
    trade_ids: list[str] = []
    rows = 0
    for page in source.pages():
        pages.append(page.entries)
        tables.append(np.full(page.entries.time_ms.size, page.table))
        trade_ids += page.trade_ids
        rows += page.entries.time_ms.size
        require_few(reader, rows, page.file)
    if not rows:
        raise source.nothing_usable()
    require_few_refused(rows, source.rejected, asked.get("accept_refused", 1.0))
    entries = concatenated(pages)
    table_of = np.concatenate(tables)
    require_tables_apart(entries, table_of, source.tables)
    require_rows_once(entries, table_of, source.tables)
    if not (asked.get("declared") or Declared()).one_unit:
        require_one_unit(entries, table_of, source.tables)
    require_other_results(entries, table_of, source.tables, source.results_meant)
    require_one_row_a_trade(entries, table_of, source.tables, source.results_meant)
    order = _order(entries)
    if order is not None:
        entries, table_of = at(entries, order), table_of[order]
    require_ids_of_trades(entries, table_of, source.tables)
    repeated = repeated_trades(entries.trade)
    kept = np.flatnonzero(~repeated) if repeated.any() else None
    entries = entries if kept is None else at(entries, kept)
    for places in (order, kept):
        if keeps_trade_ids and places is not None:
            trade_ids = [trade_ids[place] for place in places.tolist()]
    return FileEntries(entries, trade_ids, int(np.count_nonzero(repeated)), source, reader)


def _order(entries: EntryColumns) -> NDArray[np.intp] | None:
    """Return the places of entries in their order; None where they are in it."""
    key = (entries.time_ms << _KIND_BITS) | entries.kind
    return None if np.all(key[1:] >= key[:-1]) else np.argsort(key, kind="stable")


def repeated_trades(trade: IndexColumn) -> Mask:
    """Tell which trades have an id that a later one has, by fingerprints of ids, 0 for none: the last row counts."""
    given = np.flatnonzero(trade)
    order = given[np.argsort(trade[given], kind="stable")]
    ids = trade[order]
    repeated = np.zeros(trade.size, dtype=np.bool_)
    repeated[order[:-1][ids[1:] == ids[:-1]]] = True
    return repeated
