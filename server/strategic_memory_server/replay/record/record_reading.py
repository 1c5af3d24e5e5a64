"""From files to a record: read page by page, put in order, each entry with its regime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.replay.files.cell_columns import Mask
from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.record.counted_twice import require_ids_of_trades, require_tables_apart
from strategic_memory_server.replay.record.entry_columns import EntryColumns, EntryReader, Kind, at, joined
from strategic_memory_server.replay.record.few_enough import require_few
from strategic_memory_server.replay.record.file_reading import FileReading
from strategic_memory_server.replay.record.record import Progress, Record
from strategic_memory_server.replay.record.rejected_rows import require_few_refused
from strategic_memory_server.replay.written.ways import Declared
from strategic_memory_server.windows.asof_join import regimes_at

_KIND_BITS = 2


def read_record(
    files: Sequence[Path],
    names: ColumnMap,
    default_kind: Kind | None,
    reading: Progress,
    *,
    strategy: str | None = None,
    accept_refused: float | None = 1.0,
    within_ms: tuple[int, int] | None = None,
    declared: Declared | None = None,
) -> Record:
    """Read files into one record.

    Args:
        files: what to read.
        names: the files' names of columns.
        default_kind: what a row is that does not say it; None: what its columns say.
        reading: told how much of the files has been read, 0 to 1.
        strategy: whose trades are read, where an export holds those of several.
        accept_refused: share of the rows that may be refused, 0 to 1; None: as `require_few_refused` says.
        within_ms: the times that can be meant, milliseconds since 1970 UTC; None: all.
        declared: what is known of how numbers and times are written.

    Raises:
        ReplayError: a file cannot be read, or nothing in the files can be used, there is more than is held, or trades
            would count twice.
    """
    reader = EntryReader(default_kind, within_ms)
    source = FileReading(files, names, reader, reading, strategy, declared)
    pages: list[EntryColumns] = []
    tables: list[NDArray[np.intp]] = []
    rows = 0
    for page in source.pages():
        pages.append(page.entries)
        tables.append(np.full(page.entries.time_ms.size, page.table))
        rows += page.entries.time_ms.size
        require_few(reader, rows, page.file)
    if not rows:
        raise source.nothing_usable()
    require_few_refused(rows, source.rejected, accept_refused)
    entries = joined(pages)
    require_tables_apart(entries, np.concatenate(tables), source.tables)
    entries = _in_order(entries)
    require_ids_of_trades(entries, source.tables)
    repeated = repeated_trades(entries.trade)
    once = at(entries, np.flatnonzero(~repeated)) if repeated.any() else entries
    return _record(once, int(np.count_nonzero(repeated)), reader, source)


def _in_order(entries: EntryColumns) -> EntryColumns:
    """Order entries by time, then kind; equal ones stay in the order in which they were read."""
    key = (entries.time_ms << _KIND_BITS) | entries.kind
    return entries if np.all(key[1:] >= key[:-1]) else at(entries, np.argsort(key, kind="stable"))


def _record(entries: EntryColumns, repeated: int, reader: EntryReader, source: FileReading) -> Record:
    unknown = reader.regimes.index(UNKNOWN_REGIME)
    as_of_close = _join_regimes(entries, unknown)
    notes = {
        "policy_unrecognised": source.unrecognised_policies,
        "trade_id_repeated": repeated,
        "regime_as_of_close": as_of_close,
        "regime_not_observed": int(np.count_nonzero(entries.regime == unknown)),
    }
    counts = np.bincount(entries.kind, minlength=len(Kind)).tolist()
    return Record(
        entries=entries,
        regime_names=reader.regimes.names,
        strategy_names=reader.strategies.names,
        by_kind=dict(zip(Kind, counts, strict=True)),
        rejected=source.rejected,
        notes={note: count for note, count in notes.items() if count},
        tables=source.tables,
        written=source.written,
    )


def _join_regimes(entries: EntryColumns, unknown: int) -> int:
    """Return entries without a regime the one that was observed last at or before they were opened.

    Returns how many trades have the one of their close, since they do not say when they were opened.
    """
    missing = np.flatnonzero(entries.regime < 0)
    of_trades = missing[entries.kind[missing] == Kind.TRADE]
    if missing.size:
        seen = np.flatnonzero(entries.kind == Kind.REGIME)
        observed = entries.regime[seen].astype(np.int64)
        entries.regime[missing] = regimes_at(entries.opened_ms[missing], entries.time_ms[seen], observed, unknown)
    at_close = entries.opened_ms[of_trades] == entries.time_ms[of_trades]
    return int(np.count_nonzero(at_close & (entries.regime[of_trades] != unknown)))


def repeated_trades(trade: IndexColumn) -> Mask:
    """Tell which trades have an id that a later one has, by fingerprints of ids, 0 for none: the last row counts."""
    given = np.flatnonzero(trade)
    order = given[np.argsort(trade[given], kind="stable")]
    ids = trade[order]
    repeated = np.zeros(trade.size, dtype=np.bool_)
    repeated[order[:-1][ids[1:] == ids[:-1]]] = True
    return repeated
