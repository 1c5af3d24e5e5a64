"""RollingRegimes: the window of regime observations, with its running totals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import DTypeLike

from strategic_memory_server.columns.stream_position import position_column
from strategic_memory_server.entries.entries import RegimeObservation
from strategic_memory_server.entries.notes import CONFIDENCE_OUT_OF_RANGE, OBSERVED_WITHOUT_PNL
from strategic_memory_server.memory.memory_tallies import ObservedTallies, out_of_range
from strategic_memory_server.memory.memory_totals import ObservedTotals
from strategic_memory_server.memory.strategic_memory import RegimeWindow
from strategic_memory_server.windows.column_buffer import ColumnBuffer, Columns
from strategic_memory_server.windows.name_table import NameTable
from strategic_memory_server.windows.place_columns import PLACE_DTYPES, place_columns
from strategic_memory_server.windows.rolling_window import RollingWindow

_DTYPES: Mapping[str, DTypeLike] = {
    "regime": np.int64,
    "pnl": np.float64,
    "volatility": np.float64,
    "trend": np.float64,
    "confidence": np.float64,
    **PLACE_DTYPES,
}


def observation_columns(entries: Sequence[RegimeObservation], positions: Sequence[bytes], names: NameTable) -> Columns:
    """Make columns of observations."""
    return {
        "regime": names.column([entry.regime for entry in entries]),
        "pnl": np.array([entry.pnl for entry in entries], dtype=np.float64),
        "volatility": np.array([entry.volatility for entry in entries], dtype=np.float64),
        "trend": np.array([entry.trend for entry in entries], dtype=np.float64),
        "confidence": np.array([entry.confidence for entry in entries], dtype=np.float64),
        **place_columns(position_column(positions)),
    }


class RollingRegimes(RollingWindow):
    """Regime observations; `names` gives their regimes an index."""

    def __init__(self, length: int, extra_entries: int, names: NameTable) -> None:
        super().__init__(length, ColumnBuffer(_DTYPES), extra_entries)
        self._names = names
        self._tallies = ObservedTallies()
        self._out_of_range = 0

    def window(self) -> RegimeWindow:
        """Return the window as it stands."""
        return _window(self.buffer.columns())

    @property
    def regimes(self) -> AbstractSet[str]:
        """The regimes that have entries."""
        return self._tallies.regimes

    def totals(self) -> ObservedTotals:
        """Return its totals."""
        return self._tallies.totals()

    def notes(self, latest_ms: int) -> dict[str, int]:
        """Count what is worth a note."""
        out_of_range = {CONFIDENCE_OUT_OF_RANGE: self._out_of_range} if self._out_of_range else {}
        without_pnl = {OBSERVED_WITHOUT_PNL: count} if (count := self._tallies.without_pnl) else {}
        return {**super().notes(latest_ms), **out_of_range, **without_pnl}

    def examples(self, notes: Collection[str]) -> dict[str, str]:
        """Return an entry for each of some notes that shows what it means, where that takes one."""
        found = super().examples(notes)
        if CONFIDENCE_OUT_OF_RANGE in notes:
            confidences = self.buffer.column("confidence")
            found[CONFIDENCE_OUT_OF_RANGE] = repr(float(confidences[out_of_range(confidences)][-1])).removesuffix(".0")
        return found

    def append(self, columns: Columns) -> None:
        """Add observations at the new end."""
        self._tallies.add(_window(columns), self._names.names)
        self._out_of_range += int(np.count_nonzero(out_of_range(columns["confidence"])))
        self.buffer.append(columns)

    def _uncount_oldest(self, count: int) -> None:
        oldest = self.buffer.columns(0, count)
        self._tallies.remove(_window(oldest), self._names.names)
        self._out_of_range -= int(np.count_nonzero(out_of_range(oldest["confidence"])))

    def _reset_tallies(self) -> None:
        self._tallies, self._out_of_range = ObservedTallies(), 0


def _window(columns: Columns) -> RegimeWindow:
    return RegimeWindow(*(columns[name] for name in ("regime", "pnl", "volatility", "trend", "confidence", "time_ms")))
