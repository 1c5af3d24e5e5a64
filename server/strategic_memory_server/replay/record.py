"""Record: all entries of the files in the order of their times, as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns import IndexColumn
from strategic_memory_server.inputs.asof_join import Observed
from strategic_memory_server.memory import UNKNOWN_REGIME
from strategic_memory_server.replay.cell_columns import Mask
from strategic_memory_server.replay.column_names import NEEDED, named_columns
from strategic_memory_server.replay.entry_columns import EntryColumns, EntryReader, Kind
from strategic_memory_server.replay.errors import ReplayError
from strategic_memory_server.replay.file_formats import pages_of
from strategic_memory_server.replay.rejected_rows import RejectedRows

MAX_REGIMES = 1_000
"""Most different regimes: each has sums and figures of its own."""

MAX_STRATEGIES = 10_000
"""Most different strategies."""

Progress = Callable[[float], None]
Pages = dict[str, list[NDArray[Any]]]


@dataclass(frozen=True, slots=True)
class Record:
    """What was read, oldest first; at the same time observations before portfolio entries before trades.

    Attributes:
        entries: the entries. Every one has a regime: its own, or the one observed at its time, or UNKNOWN.
        repeated: trades whose id an earlier trade had.
        regime_names: regimes by index.
        strategy_names: strategies by index.
        rejected: rows that could not be used.
        notes: what is worth knowing of those that could, counted.
    """

    entries: EntryColumns
    repeated: Mask
    regime_names: tuple[str, ...]
    strategy_names: tuple[str, ...]
    rejected: RejectedRows
    notes: Mapping[str, int]

    def __len__(self) -> int:
        return self.entries.time_ms.size


def read_record(
    files: Sequence[Path], names: Mapping[str, str], default_kind: Kind | None, progress: Progress
) -> Record:
    """Read files into one record.

    Args:
        files: what to read.
        names: the files' names of columns, by ours.
        default_kind: what a row is that does not say it; None: what its columns say.
        progress: told how much of the files has been read, 0 to 1.

    Raises:
        ReplayError: a file cannot be read, or nothing in the files can be used.
    """
    reader, rejected = EntryReader(default_kind), RejectedRows()
    pages: Pages = {name: [] for name in EntryColumns.__slots__}
    columns: dict[str, None] = {}
    for number, file in enumerate(files):
        for page in pages_of(file):
            columns.update(dict.fromkeys(page.columns))
            for line, reason in page.broken:
                rejected.add(file.name, line, reason)
            if page.lines:
                read, refused = reader.read(named_columns(page, names), len(page.lines))
                for name, column in pages.items():
                    column.append(getattr(read, name))
                for row, reason in sorted(refused.items()):
                    rejected.add(file.name, page.lines[row], reason)
            _require_few(reader, file)
            progress((number + page.read_share) / len(files))
    if not any(page.size for page in pages["time_ms"]):
        raise ReplayError(_nothing_usable(files, columns, rejected))
    return _in_order(pages, reader, rejected)


def _in_order(pages: Pages, reader: EntryReader, rejected: RejectedRows) -> Record:
    unknown = reader.regimes.index(UNKNOWN_REGIME)
    entries = _joined(_whole(pages), unknown)
    repeated = _repeated(entries.trade)
    notes = {
        "policy_unrecognised": reader.unrecognised_policies,
        "trade_id_repeated": int(np.count_nonzero(repeated)),
        "regime_not_observed": int(np.count_nonzero(entries.regime == unknown)),
    }
    return Record(
        entries=entries,
        repeated=repeated,
        regime_names=reader.regimes.names,
        strategy_names=reader.strategies.names,
        rejected=rejected,
        notes={note: count for note, count in notes.items() if count},
    )


def _whole(pages: Pages) -> EntryColumns:
    """Put pages together in the order of time, column by column, so that no more than one is there twice."""
    order = np.lexsort((np.concatenate(pages["kind"]), np.concatenate(pages["time_ms"])))
    return EntryColumns(**{name: np.concatenate(pages.pop(name))[order] for name in EntryColumns.__slots__})


def _joined(entries: EntryColumns, unknown: int) -> EntryColumns:
    """Give entries without a regime the one that was observed last at or before their time."""
    missing = np.flatnonzero(entries.regime < 0)
    if not missing.size:
        return entries
    seen = np.flatnonzero(entries.kind == Kind.REGIME)
    nothing = np.empty(0, dtype=np.int64)
    observed = Observed(entries.time_ms[seen], entries.regime[seen].astype(np.int64), nothing, nothing, unknown)
    regimes, _ = observed.as_of(entries.time_ms[missing])
    regime = entries.regime.copy()
    regime[missing] = regimes
    return replace(entries, regime=regime)


def _repeated(trade: IndexColumn) -> Mask:
    """Tell which trades have an id that an earlier one had."""
    repeated = np.zeros(trade.size, dtype=np.bool_)
    given = np.flatnonzero(trade)
    _, first = np.unique(trade[given], return_index=True)
    repeated[given] = True
    repeated[given[first]] = False
    return repeated


def _require_few(reader: EntryReader, file: Path) -> None:
    for what, table, most in (("regime", reader.regimes, MAX_REGIMES), ("strategy", reader.strategies, MAX_STRATEGIES)):
        if len(table.names) > most:
            raise ReplayError(
                f"{file}: its {what} column holds more than {most} different names: is it the right column? "
                f"--map {what}=<the column with the {what}>"
            )


def _nothing_usable(files: Sequence[Path], columns: Mapping[str, None], rejected: RejectedRows) -> str:
    told = f" Refused: {rejected.told()}." if rejected.rows else " There are no rows."
    found = ", ".join(list(columns)[:40]) or "none"
    return f"no usable row in {', '.join(str(file) for file in files)}.{told} Columns found: {found}; {NEEDED}"
