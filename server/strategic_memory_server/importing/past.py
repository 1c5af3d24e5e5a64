"""Past: the entries of files as they go into one stream, oldest first, each under an id of its own time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Unpack

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.columns.stream_position import Id, shown_id
from strategic_memory_server.entries import input_keys
from strategic_memory_server.entries.entry_fields import Fields
from strategic_memory_server.entries.openings import OPENED_AT
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind, at
from strategic_memory_server.replay.record.file_entries import ReadingOptions, read_entries
from strategic_memory_server.replay.record.record import Progress
from strategic_memory_server.replay.record.record_reading import notes_on
from strategic_memory_server.replay.record.rejected_rows import RejectedRows
from strategic_memory_server.replay.record.table_read import TableRead

SOURCES: Mapping[Kind, str] = {
    Kind.REGIME: input_keys.META_REGIME,
    Kind.PORTFOLIO: input_keys.PORTFOLIO_MEMORY,
    Kind.TRADE: input_keys.TRADE_RESULTS,
}


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
            row = (shown_id(self.id_at(place)), regime, pnl, policy, strategy)
            yield from (("market_regime", regime), ("realized_pnl", pnl), ("policy", policy), ("strategy", strategy))
            # One that has none gets one, so that the service counts it once.
            yield "trade_id", self.trade_ids[place] or blake2b("|".join(row).encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Pasts:
    """What files hold: by stream, with what was left out.

    Attributes:
        streams: by stream, those that have entries.
        rejected: rows that could not be used.
        notes: what is worth telling of those that could, counted.
        look_alike: a regime and the one that it looks like; empty where there is none.
        tables: what was read of each table, and as what.
        written: how the columns of each table are written, by our names: by what a message calls the table.
    """

    streams: Sequence[Past]
    rejected: RejectedRows
    notes: Mapping[str, int]
    look_alike: str
    tables: Sequence[TableRead]
    written: Mapping[str, Mapping[str, str]]


def read_pasts(
    files: Sequence[Path], names: ColumnMap, kind: Kind | None, reading: Progress, **asked: Unpack[ReadingOptions]
) -> Pasts:
    """Read what `replay` reads; takes and raises what `read_entries` does."""
    read = read_entries(files, names, kind, reading, keeps_trade_ids=True, **asked)
    regimes, strategies = read.reader.regimes.names, read.reader.strategies.names
    observed_ms = read.entries.time_ms[read.entries.kind == Kind.REGIME]
    streams: list[Past] = []
    for each, stream in SOURCES.items():
        places = np.flatnonzero(read.entries.kind == each)
        if places.size:
            chosen = at(read.entries, places)
            before_ms = observed_ms[:0] if each is Kind.REGIME else observed_ms
            ids = chosen.time_ms, _number_within(chosen.time_ms, before_ms)
            named = [read.trade_ids[place] for place in places.tolist()]
            streams.append(Past(stream, ids, chosen, named, regimes, strategies))
    notes, look_alike = notes_on(read, read.entries.regime < 0)
    noted = {note: count for note, count in notes.items() if count}
    return Pasts(streams, read.source.rejected, noted, look_alike, read.source.tables, read.source.written)


def _number_within(time_ms: IndexColumn, observed_ms: IndexColumn) -> IndexColumn:
    """Number the entries of each millisecond from 0 up, or from the last observation of then; times never decrease.

    By its id an entry without an opening has the regime that was observed last, as in a replay.
    """
    places = np.arange(time_ms.size)
    begins = np.concatenate([[True], time_ms[1:] != time_ms[:-1]])
    observed = np.searchsorted(observed_ms, time_ms, "right") - np.searchsorted(observed_ms, time_ms, "left")
    within: IndexColumn = places - np.maximum.accumulate(np.where(begins, places, 0)) + np.maximum(observed - 1, 0)
    return within


def _number(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))
