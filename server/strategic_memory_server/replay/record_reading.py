"""From files to a record: read page by page, put in order, each entry with its regime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.replay.column_names import NEEDED, named_columns
from strategic_memory_server.replay.entry_columns import EntryColumns, EntryReader, Kind
from strategic_memory_server.replay.entry_rows import FIELDS, columns_of, rows_of
from strategic_memory_server.replay.errors import ReplayError
from strategic_memory_server.replay.file_formats import pages_of
from strategic_memory_server.replay.record import Progress, Record
from strategic_memory_server.replay.rejected_rows import RejectedRows
from strategic_memory_server.replay.repeated_trades import RepeatedTrades
from strategic_memory_server.replay.row_order import KEY, RowOrder
from strategic_memory_server.replay.spool import Rows, Storage
from strategic_memory_server.windows.asof_join import regimes_at

MAX_REGIMES = 1_000
"""Most different regimes: each has sums and figures of its own."""

MAX_STRATEGIES = 10_000
"""Most different strategies."""

NAMES_TOLD = 40
"""So many columns of a file are named where nothing in it can be used."""


def read_record(
    files: Sequence[Path],
    names: Mapping[str, str],
    default_kind: Kind | None,
    storage: Storage,
    reading: Progress,
    ordering: Progress,
) -> Record:
    """Read files into one record.

    Args:
        files: what to read.
        names: the files' names of columns, by ours.
        default_kind: what a row is that does not say it; None: what its columns say.
        storage: where the record goes.
        reading: told how much of the files has been read, 0 to 1.
        ordering: told how much of what was read has been put in order, 0 to 1.

    Raises:
        ReplayError: a file cannot be read, nothing in the files can be used, or there is no room for the record.
    """
    reader, rejected = EntryReader(default_kind), RejectedRows()
    read = RowOrder(storage, FIELDS)
    columns: dict[str, None] = {}
    for number, file in enumerate(files):
        for page in pages_of(file):
            if len(columns) < NAMES_TOLD:
                columns.update(dict.fromkeys(page.columns))
            for line, reason in page.broken:
                rejected.add(file.name, line, reason)
            if page.lines:
                usable, refused = reader.read(named_columns(page, names), len(page.lines))
                read.append(rows_of(usable))
                for row, reason in sorted(refused.items()):
                    rejected.add(file.name, page.lines[row], reason)
            _require_few(reader, file)
            reading((number + page.read_share) / len(files))
    if not len(read):
        raise ReplayError(_nothing_usable(files, columns, rejected))
    return _in_order(read, reader, rejected, storage, ordering)


def _in_order(
    read: RowOrder, reader: EntryReader, rejected: RejectedRows, storage: Storage, ordering: Progress
) -> Record:
    unknown = reader.regimes.index(UNKNOWN_REGIME)
    rows, trades = storage.spool([(KEY, "i8"), *FIELDS]), RepeatedTrades(storage)
    by_kind, not_observed = dict.fromkeys(Kind, 0), 0
    first_ms: int | None = None
    last_ms, expected = 0, len(read)
    for piece, entries in _joined(read.pieces(), unknown):
        trades.add(len(rows), entries.trade)
        rows.append(piece)
        for kind, count in enumerate(np.bincount(entries.kind, minlength=len(Kind)).tolist()):
            by_kind[Kind(kind)] += count
        not_observed += int(np.count_nonzero(entries.regime == unknown))
        first_ms = int(entries.time_ms[0]) if first_ms is None else first_ms
        last_ms = int(entries.time_ms[-1])
        ordering(len(rows) / expected)
    repeated = trades.places()
    notes = {
        "policy_unrecognised": reader.unrecognised_policies,
        "trade_id_repeated": len(repeated),
        "regime_not_observed": not_observed,
    }
    return Record(
        rows=rows,
        repeated=repeated,
        storage=storage,
        regime_names=reader.regimes.names,
        strategy_names=reader.strategies.names,
        by_kind=by_kind,
        first_time_ms=last_ms if first_ms is None else first_ms,
        last_time_ms=last_ms,
        rejected=rejected,
        notes={note: count for note, count in notes.items() if count},
    )


def _joined(pieces: Iterator[Rows], unknown: int) -> Iterator[tuple[Rows, EntryColumns]]:
    """Give entries without a regime the one that was observed last at or before their time."""
    nothing = np.empty(0, dtype=np.int64)
    last_time, last_regime = nothing, nothing
    for piece in pieces:
        entries = columns_of(piece)
        seen = np.flatnonzero(entries.kind == Kind.REGIME)
        times: IndexColumn = np.concatenate((last_time, entries.time_ms[seen]))
        regimes: IndexColumn = np.concatenate((last_regime, entries.regime[seen].astype(np.int64)))
        missing = np.flatnonzero(entries.regime < 0)
        if missing.size:
            entries.regime[missing] = regimes_at(entries.time_ms[missing], times, regimes, unknown)
        last_time, last_regime = times[-1:], regimes[-1:]
        yield (rows_of(entries) if missing.size else piece), entries


def _require_few(reader: EntryReader, file: Path) -> None:
    for what, table, most in (("regime", reader.regimes, MAX_REGIMES), ("strategy", reader.strategies, MAX_STRATEGIES)):
        if len(table.names) > most:
            raise ReplayError(
                f"{file}: its {what} column holds more than {most} different names: is it the right column? "
                f"--map {what}=<the column with the {what}>"
            )


def _nothing_usable(files: Sequence[Path], columns: Mapping[str, None], rejected: RejectedRows) -> str:
    told = f" Refused: {rejected.told()}." if rejected.rows else " There are no rows."
    found = ", ".join(list(columns)[:NAMES_TOLD]) or "none"
    return f"no usable row in {', '.join(str(file) for file in files)}.{told} Columns found: {found}; {NEEDED}"
