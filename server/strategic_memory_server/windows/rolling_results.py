"""RollingResults and RollingPortfolio: windows whose entries can be without a regime of their own.

Such an entry is joined to the observation that it took its regime from: the last one by its opening, or by its place in
the stream where it does not say when it was opened. It is joined anew when observations come in late, and is UNKNOWN
once that observation has been trimmed from its stream: what counts is what Redis holds now.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import KeysView, Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from strategic_memory_server.columns.columns import PositionColumn, index_column
from strategic_memory_server.columns.stream_position import position_column
from strategic_memory_server.entries.entries import PortfolioEntry
from strategic_memory_server.entries.notes import REGIME_AS_OF_CLOSE, REGIME_INFERRED, REGIME_NOT_OBSERVED
from strategic_memory_server.memory.memory_tallies import EarnedTallies
from strategic_memory_server.memory.pnl_tallies import PnlTotal
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME, PortfolioWindow
from strategic_memory_server.windows.asof_join import GIVEN, JOIN_DTYPE, NOT_OBSERVED, Observed
from strategic_memory_server.windows.column_buffer import ColumnBuffer, Columns
from strategic_memory_server.windows.name_table import NameTable
from strategic_memory_server.windows.opening_columns import (
    OPENING_DTYPES,
    OpeningTime,
    opening_columns,
    opening_positions,
)
from strategic_memory_server.windows.place_columns import PLACE_DTYPES, place_columns
from strategic_memory_server.windows.rolling_window import RollingWindow

_PORTFOLIO_DTYPES: Mapping[str, DTypeLike] = {
    "regime": np.int64,
    "pnl": np.float64,
    **PLACE_DTYPES,
    **OPENING_DTYPES,
    "joined": JOIN_DTYPE,
}


def portfolio_columns(entries: Sequence[PortfolioEntry], positions: Sequence[bytes], names: NameTable) -> Columns:
    """Make columns of portfolio entries; the regime of one without its own is -1."""
    places = place_columns(position_column(positions))
    return {
        "regime": names.column([entry.regime for entry in entries]),
        "pnl": np.array([entry.pnl for entry in entries], dtype=np.float64),
        **places,
        **opening_columns(index_column([entry.opened_ms for entry in entries]), places["time_ms"]),
    }


def without_regime(columns: Columns) -> PositionColumn:
    """Return where the regime stream is asked for each entry that has no regime of its own."""
    missing: PositionColumn = opening_positions(columns)[columns["regime"] < 0]
    return missing


def with_regimes(columns: Columns, observed: Observed) -> Columns:
    """Give every entry a regime; return them with a column that says which observation it is joined to."""
    regimes = columns["regime"].copy()
    joined = np.full(regimes.size, GIVEN, dtype=JOIN_DTYPE)
    missing = np.flatnonzero(regimes < 0)
    if missing.size:
        regimes[missing], joined[missing] = observed.as_of(opening_positions(columns)[missing])
    return {**columns, "regime": regimes, "joined": joined}


class RollingResults(RollingWindow):
    """What the two windows have in common; `names` gives regimes an index."""

    def __init__(self, length: int, buffer: ColumnBuffer, extra_entries: int, names: NameTable) -> None:
        super().__init__(length, buffer, extra_entries)
        self._names = names
        self._inferred = self._not_observed = self._opened = self._as_of_close = 0
        self._none_before = GIVEN
        """No entry is joined to an observation before this one."""

    def notes(self, latest_ms: int) -> dict[str, int]:
        """Count what is worth a note."""
        as_of_close = self._as_of_close if self._opened else 0
        counts = {
            REGIME_INFERRED: self._inferred,
            REGIME_AS_OF_CLOSE: as_of_close,
            REGIME_NOT_OBSERVED: self._not_observed,
        }
        return super().notes(latest_ms) | {note: count for note, count in counts.items() if count}

    def append(self, columns: Columns) -> None:
        """Add entries at the new end; they have regimes."""
        self._tally(columns, 1)
        self.buffer.append(columns)
        self._holds(columns["joined"])

    def late(self, first_new: bytes) -> NDArray[np.intp]:
        """Return the places of entries without a regime of their own that were not opened before a new observation."""
        positions = self.positions
        if not positions.size or positions[-1] < first_new:
            return np.empty(0, dtype=np.intp)
        start = int(np.searchsorted(positions, first_new))
        columns = self.buffer.columns(start)
        return start + np.flatnonzero((columns["joined"] != GIVEN) & (opening_positions(columns) >= first_new))

    def lost(self, first: bytes) -> NDArray[np.intp]:
        """Return the places of entries joined to an observation before the first that is left, once."""
        if first <= self._none_before:
            return np.empty(0, dtype=np.intp)
        joined = self.buffer.column("joined")
        lost = np.flatnonzero((joined < first) & (joined != NOT_OBSERVED))
        self._none_before = GIVEN
        self._holds(joined[joined >= first])
        return lost

    def join(self, places: NDArray[np.intp], observed: Observed) -> None:
        """Join entries without a regime of their own, at some places, anew."""
        before = {name: column[places] for name, column in self.buffer.columns().items()}
        regimes, joined = observed.as_of(opening_positions(before))
        changed = np.flatnonzero((regimes != before["regime"]) | (joined != before["joined"]))
        if not changed.size:
            return
        before = {name: column[changed] for name, column in before.items()}
        after = {**before, "regime": regimes[changed], "joined": joined[changed]}
        for columns, sign in ((before, -1), (after, 1)):
            self._tally(columns, sign)
        self.buffer.correct("regime", places[changed], after["regime"])
        self.buffer.correct("joined", places[changed], after["joined"])
        self._holds(after["joined"])

    def _holds(self, joined: NDArray[np.bytes_]) -> None:
        """Note what entries are joined to."""
        observed = joined[joined != NOT_OBSERVED]
        if observed.size:
            self._none_before = min(self._none_before, bytes(observed[np.argmin(observed)]))

    def _tally(self, columns: Columns, sign: int) -> None:
        self._note(columns, sign)
        self._count(columns, sign)

    def _note(self, columns: Columns, sign: int) -> None:
        missing = columns["joined"] != GIVEN
        unknown = columns["regime"][missing] == self._names.index(UNKNOWN_REGIME)
        self._not_observed += sign * int(np.count_nonzero(unknown))
        self._inferred += sign * int(np.count_nonzero(~unknown))
        self._opened += sign * int(np.count_nonzero(columns["opening"]))
        self._as_of_close += sign * int(np.count_nonzero(missing & (columns["opening"] != OpeningTime.KNOWN)))

    def _uncount_oldest(self, count: int) -> None:
        self._tally(self.buffer.columns(0, count), -1)

    def _reset_tallies(self) -> None:
        self._inferred = self._not_observed = self._opened = self._as_of_close = 0
        self._none_before = GIVEN

    @abstractmethod
    def _count(self, columns: Columns, sign: int) -> None:
        """Add entries to the tallies (1), or take them away (-1)."""


class RollingPortfolio(RollingResults):
    """Portfolio entries."""

    def __init__(self, length: int, extra_entries: int, names: NameTable) -> None:
        super().__init__(length, ColumnBuffer(_PORTFOLIO_DTYPES), extra_entries, names)
        self._tallies = EarnedTallies()

    def window(self) -> PortfolioWindow:
        """Return the window as it stands."""
        return _portfolio_window(self.buffer.columns())

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._tallies.regimes

    def totals(self) -> dict[str, PnlTotal]:
        """Return its totals."""
        return self._tallies.totals()

    def _count(self, columns: Columns, sign: int) -> None:
        change = self._tallies.add if sign > 0 else self._tallies.remove
        change(_portfolio_window(columns), self._names.names)

    def _reset_tallies(self) -> None:
        super()._reset_tallies()
        self._tallies = EarnedTallies()


def _portfolio_window(columns: Columns) -> PortfolioWindow:
    return PortfolioWindow(columns["regime"], columns["pnl"], columns["time_ms"], columns["opened_ms"])
