"""RollingTrades: the window of trade results, in which a trade counts once however often it is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, KeysView, Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike

from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.columns.distinct import distinct
from strategic_memory_server.columns.stream_position import position_column
from strategic_memory_server.entries.entries import TradeResult
from strategic_memory_server.entries.notes import (
    POLICY_UNRECOGNISED,
    TRADE_ID_HASHED,
    TRADE_ID_REPEATED,
    TRADE_ID_REUSED,
)
from strategic_memory_server.entries.oddities import LOOKED_AT
from strategic_memory_server.entries.trade_ids import TRADE_ID, hashed_among, shown_id_of
from strategic_memory_server.memory.memory_tallies import TradedTallies
from strategic_memory_server.memory.memory_totals import TradedTotals
from strategic_memory_server.memory.strategic_memory import TradeWindow
from strategic_memory_server.windows.asof_join import JOIN_DTYPE
from strategic_memory_server.windows.column_buffer import ColumnBuffer, Columns
from strategic_memory_server.windows.name_table import NameTable
from strategic_memory_server.windows.opening_columns import OPENING_DTYPES, opening_columns
from strategic_memory_server.windows.place_columns import PLACE_DTYPES, place_columns
from strategic_memory_server.windows.rolling_results import RollingResults
from strategic_memory_server.windows.trade_repeats import TradeRepeats

LOOKED_AT_ONCE = 256
"""Oldest trades that are looked at to see whether they come again."""

_DTYPES: Mapping[str, DTypeLike] = {
    "regime": np.int64,
    "pnl": np.float64,
    "policy": np.int64,
    "strategy": np.int64,
    **PLACE_DTYPES,
    **OPENING_DTYPES,
    "joined": JOIN_DTYPE,
    "unrecognised": np.bool_,
    TRADE_ID: np.object_,
    "repeated": np.bool_,
}


def trade_columns(
    entries: Sequence[TradeResult], positions: Sequence[bytes], names: NameTable, strategies: NameTable
) -> Columns:
    """Make columns of trade results; the regime of one without its own is -1."""
    places = place_columns(position_column(positions))
    return {
        "regime": names.column([entry.regime for entry in entries]),
        "pnl": np.array([entry.pnl for entry in entries], dtype=np.float64),
        "policy": np.array([entry.policy for entry in entries], dtype=np.int64),
        "strategy": strategies.column([entry.strategy for entry in entries]),
        **places,
        **opening_columns(index_column([entry.opened_ms for entry in entries]), places["time_ms"]),
        "unrecognised": np.array([entry.policy_unrecognised for entry in entries], dtype=np.bool_),
        TRADE_ID: np.array([entry.trade_id for entry in entries], dtype=np.object_),
    }


class RollingTrades(RollingResults):
    """Trade results; `strategies` gives their strategies an index.

    It holds the shortest end of the stream in which so many different trades are. Of those with the same id the first
    counts; the others are held, are no sample, and are noted.
    """

    def __init__(self, length: int, extra_entries: int, names: NameTable, strategies: NameTable) -> None:
        super().__init__(length, ColumnBuffer(_DTYPES), extra_entries, names)
        self._strategies = strategies
        self._tallies = TradedTallies()
        self._repeats = TradeRepeats()
        self._unrecognised = self._hashed = 0

    @property
    def counted(self) -> int:
        """Number of different trades."""
        return len(self) - self._repeats.count

    def window(self) -> TradeWindow:
        """Return the window as it stands."""
        return _trade_window(_once(self.buffer.columns()) if self._repeats.count else self.buffer.columns())

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._tallies.regimes

    @property
    def used_strategies(self) -> Iterator[str]:
        """The strategies that have entries."""
        codes = distinct(self.buffer.column("strategy")).found.tolist()
        return (self._strategies.names[code] for code in codes if code >= 0)

    def totals(self) -> TradedTotals:
        """Return its totals."""
        return self._tallies.totals()

    def notes(self, latest_ms: int) -> dict[str, int]:
        """Count what is worth a note."""
        counts = {
            POLICY_UNRECOGNISED: self._unrecognised,
            TRADE_ID_REPEATED: self._repeats.count,
            TRADE_ID_HASHED: self._hashed,
            TRADE_ID_REUSED: len(self._reused()),
        }
        return super().notes(latest_ms) | {note: count for note, count in counts.items() if count}

    def examples(self, notes: Collection[str]) -> dict[str, str]:
        """Return an entry for each of some notes that shows what it means, where that takes one."""
        found, trade_ids = super().examples(notes), self.buffer.column(TRADE_ID)
        if TRADE_ID_REPEATED in notes:
            found[TRADE_ID_REPEATED] = shown_id_of(trade_ids[self.buffer.column("repeated")][-1])
        if TRADE_ID_REUSED in notes:
            found[TRADE_ID_REUSED] = shown_id_of(self._reused()[-1])
        if TRADE_ID_HASHED in notes:
            found[TRADE_ID_HASHED] = shown_id_of(hashed_among(trade_ids.tolist())[-1])
        return found

    def _reused(self) -> list[str]:
        """Return the ids of those of the newest trades that another trade, with another pnl, has among them."""
        if not self._repeats.count:
            return []
        newest = (self.buffer.column(name)[-LOOKED_AT:].tolist() for name in (TRADE_ID, "pnl"))
        first: dict[str, float] = {}
        return [name for name, pnl in zip(*newest, strict=True) if name and first.setdefault(name, pnl) != pnl]

    def append(self, columns: Columns) -> None:
        """Add trades at the new end; they have regimes."""
        trade_ids = columns[TRADE_ID].tolist()
        repeated = np.zeros(len(trade_ids), dtype=np.bool_)
        repeated[self._repeats.add(trade_ids)] = True
        self._hashed += len(hashed_among(trade_ids))
        super().append({**columns, "repeated": repeated})

    def surplus(self, first: bytes) -> int:
        """Number of oldest trades that have to go; `first` is the position of the stream's first entry.

        Ask again once they have gone: others may have taken their place.
        """
        found = super().surplus(first)
        if found or not self._repeats.count or self.counted < self.length:
            return found
        return self._repeats.replaceable(self.buffer.column(TRADE_ID)[:LOOKED_AT_ONCE].tolist())

    def _uncount_oldest(self, count: int) -> None:
        super()._uncount_oldest(count)
        trade_ids = self.buffer.column(TRADE_ID)[:count].tolist()
        self._hashed -= len(hashed_among(trade_ids))
        places = np.array(self._repeats.drop(trade_ids), dtype=np.intp) + count
        if places.size:
            self.buffer.correct("repeated", places, np.zeros(places.size, dtype=np.bool_))
            self._tally({name: column[places] for name, column in self.buffer.columns().items()}, 1)

    def _tally(self, columns: Columns, sign: int) -> None:
        super()._tally(_once(columns) if columns["repeated"].any() else columns, sign)

    def _count(self, columns: Columns, sign: int) -> None:
        self._unrecognised += sign * int(np.count_nonzero(columns["unrecognised"]))
        change = self._tallies.add if sign > 0 else self._tallies.remove
        change(_trade_window(columns), self._names.names)

    def _reset_tallies(self) -> None:
        super()._reset_tallies()
        self._tallies, self._repeats = TradedTallies(), TradeRepeats()
        self._unrecognised = self._hashed = 0


def _once(columns: Columns) -> Columns:
    """Leave the repeated ones out."""
    counts = ~columns["repeated"]
    found = {name: column[counts] for name, column in columns.items()}
    for column in found.values():
        column.flags.writeable = False
    return found


def _trade_window(columns: Columns) -> TradeWindow:
    names = ("regime", "pnl", "policy", "strategy", "time_ms", "opened_ms")
    return TradeWindow(*(columns[name] for name in names))
