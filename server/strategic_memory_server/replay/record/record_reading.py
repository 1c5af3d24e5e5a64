"""From files to a record: their entries, each with its regime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from strategic_memory_server.entries.oddities import look_alikes, shown
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.replay.files.cell_columns import Mask
from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.record.file_entries import FileEntries, ReadingOptions, read_entries
from strategic_memory_server.replay.record.record import Progress, Record
from strategic_memory_server.replay.record.strange_entries import strange_entries
from strategic_memory_server.windows.asof_join import regimes_at


def read_record(
    files: Sequence[Path],
    names: ColumnMap,
    default_kind: Kind | None,
    reading: Progress,
    **asked: Unpack[ReadingOptions],
) -> Record:
    """Read files into one record; takes and raises what `read_entries` does."""
    read = read_entries(files, names, default_kind, reading, **asked)
    return _record(read)


def _record(read: FileEntries) -> Record:
    entries, reader, source = read.entries, read.reader, read.source
    unknown = reader.regimes.index(UNKNOWN_REGIME)
    joined = entries.regime < 0
    as_of_close = _join_regimes(entries, unknown)
    noted, look_alike = notes_on(read, joined)
    notes = {
        **noted,
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
        look_alike=look_alike,
        tables=source.tables,
        written=source.written,
    )


def notes_on(read: FileEntries, joined: Mask) -> tuple[dict[str, int], str]:
    """Count what is worth telling of entries that are used all the same.

    Args:
        read: the entries.
        joined: which of them have the regime that was observed by their opening.

    Returns:
        The counts, and a regime with the one that it looks like; empty where there is none.
    """
    names, regime = read.reader.regimes.names, read.entries.regime
    counted = np.bincount(regime[regime >= 0], minlength=len(names)).tolist()
    by_name = {name: count for name, count in zip(names, counted, strict=True) if count}
    alike = look_alikes(by_name)
    notes = {
        "policy_unrecognised": read.source.unrecognised_policies,
        "trade_id_repeated": read.repeated,
        **strange_entries(read.entries, joined, read.source.zone),
        "regimes_look_alike": sum(by_name[name] for name, _ in alike),
    }
    return notes, " beside ".join(map(shown, alike[0])) if alike else ""


def _join_regimes(entries: EntryColumns, unknown: int) -> int:
    """Give entries without a regime the one that was observed last at or before they were opened.

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
