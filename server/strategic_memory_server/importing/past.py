"""Past: the entries of files as they go into one stream, oldest first, each under an id of its own time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.entries import input_keys
from strategic_memory_server.entries.openings import OPENED_AT
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.record.counted_twice import require_ids_of_trades, require_tables_apart
from strategic_memory_server.replay.record.entry_columns import EntryColumns, EntryReader, Kind, at, joined
from strategic_memory_server.replay.record.few_enough import require_few
from strategic_memory_server.replay.record.file_reading import FileReading
from strategic_memory_server.replay.record.record import Progress
from strategic_memory_server.replay.record.record_reading import repeated_trades
from strategic_memory_server.replay.record.rejected_rows import RejectedRows, require_few_refused
from strategic_memory_server.replay.record.table_read import TableRead
from strategic_memory_server.replay.written.ways import Declared

SOURCES: Mapping[Kind, str] = {
    Kind.REGIME: input_keys.META_REGIME,
    Kind.PORTFOLIO: input_keys.PORTFOLIO_MEMORY,
    Kind.TRADE: input_keys.TRADE_RESULTS,
}

Id = tuple[int, int]
Fields = dict[bytes, bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Entries of one stream, oldest first.

    Attributes:
        source: the stream, without the prefix.
        ids: time in milliseconds and number within it, both of shape (entries,); they grow.
        entries: the entries.
        trade_ids: the id of each that has one, else empty.
        regimes: names of the regimes by index.
        strategies: names of the strategies by index.
    """

    source: str
    ids: tuple[IndexColumn, IndexColumn]
    entries: EntryColumns
    trade_ids: Sequence[str]
    regimes: Sequence[str]
    strategies: Sequence[str]

    def __len__(self) -> int:
        return self.entries.time_ms.size

    def id_at(self, place: int) -> Id:
        """Return the id of an entry."""
        return int(self.ids[0][place]), int(self.ids[1][place])

    def fields_at(self, place: int) -> Fields:
        """Return the fields of an entry, as a producer writes them."""
        found = dict(self._fields(place))
        return {name.encode(): value.encode() for name, value in found.items() if value}

    def _fields(self, place: int) -> Iterator[tuple[str, str]]:
        entries = self.entries
        regime = self.regimes[entries.regime[place]] if entries.regime[place] >= 0 else ""
        pnl = _number(entries.pnl[place])
        if self.source == input_keys.META_REGIME:
            yield from (("regime", regime), ("pnl", pnl))
            for name in ("volatility", "trend", "confidence"):
                yield name, _number(getattr(entries, name)[place])
            return
        if entries.opened_ms[place] < entries.time_ms[place]:
            yield OPENED_AT, str(entries.opened_ms[place])
        if self.source == input_keys.PORTFOLIO_MEMORY:
            yield from (("regime", regime), ("pnl", pnl))
        else:
            policy = Policy(entries.policy[place]).name if entries.policy[place] >= 0 else ""
            strategy = self.strategies[entries.strategy[place]] if entries.strategy[place] >= 0 else ""
            row = (id_text(self.id_at(place)), regime, pnl, policy, strategy)
            yield from (("market_regime", regime), ("realized_pnl", pnl), ("policy", policy), ("strategy", strategy))
            # One that has none gets one, so that the service counts it once.
            yield "trade_id", self.trade_ids[place] or blake2b("|".join(row).encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Pasts:
    """What files hold: by stream, with what was left out.

    Attributes:
        streams: by stream, those that have entries.
        rejected: rows that could not be used.
        repeated: number of rows whose trade has a later one.
        tables: what was read of each table, and as what.
        written: how the columns of each table are written, by our names: by what a message calls the table.
    """

    streams: Sequence[Past]
    rejected: RejectedRows
    repeated: int
    tables: Sequence[TableRead]
    written: Mapping[str, Mapping[str, str]]


def read_pasts(
    files: Sequence[Path],
    names: ColumnMap,
    kind: Kind | None,
    reading: Progress,
    *,
    accept_refused: float | None = 1.0,
    within_ms: tuple[int, int] | None = None,
    declared: Declared | None = None,
    strategy: str | None = None,
) -> Pasts:
    """Read files. Of the rows of one trade, by its id, the last one counts.

    Args:
        files: what `replay` reads.
        names: the files' names of columns.
        kind: what a row is that does not say it; None: what its columns say.
        reading: told how much of the files has been read, 0 to 1.
        accept_refused: share of the rows that may be refused, 0 to 1; None: as `require_few_refused` says.
        within_ms: the times that can be meant, milliseconds since 1970 UTC; None: all.
        declared: what is known of how numbers and times are written.
        strategy: whose trades are read, where an export holds those of several.

    Raises:
        ReplayError: a file cannot be read, nothing in it can be used, there is more than is held, or trades would
            count twice.
    """
    reader = EntryReader(kind, within_ms, keeps_trade_ids=True)
    source = FileReading(files, names, reader, reading, strategy, declared)
    pages: list[EntryColumns] = []
    tables: list[NDArray[np.intp]] = []
    trade_ids: list[str] = []
    for page in source.pages():
        pages.append(page.entries)
        tables.append(np.full(page.entries.time_ms.size, page.table))
        trade_ids += page.trade_ids
        require_few(reader, len(trade_ids), page.file)
    if not trade_ids:
        raise source.nothing_usable()
    require_few_refused(len(trade_ids), source.rejected, accept_refused)
    entries = joined(pages)
    require_tables_apart(entries, np.concatenate(tables), source.tables)
    order = np.argsort(entries.time_ms, kind="stable")
    require_ids_of_trades(at(entries, order), source.tables)
    repeated = repeated_trades(entries.trade[order])
    kept = order[~repeated]
    streams = []
    for each, stream in SOURCES.items():
        places = kept[entries.kind[kept] == each]
        if places.size:
            chosen = at(entries, places)
            ids = chosen.time_ms, _number_within(chosen.time_ms)
            named = [trade_ids[place] for place in places.tolist()]
            streams.append(Past(stream, ids, chosen, named, reader.regimes.names, reader.strategies.names))
    return Pasts(streams, source.rejected, int(np.count_nonzero(repeated)), source.tables, source.written)


def id_text(entry_id: Id) -> str:
    """Return an id as Redis writes it."""
    return f"{entry_id[0]}-{entry_id[1]}"


def _number_within(time_ms: IndexColumn) -> IndexColumn:
    """Number the entries of each millisecond from 0 up; the times never decrease."""
    places = np.arange(time_ms.size)
    begins = np.concatenate([[True], time_ms[1:] != time_ms[:-1]])
    return places - np.maximum.accumulate(np.where(begins, places, 0))


def _number(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))
