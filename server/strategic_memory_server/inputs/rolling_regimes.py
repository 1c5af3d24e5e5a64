"""RollingRegimes: the window of regime observations, with its running totals."""

from __future__ import annotations

from collections.abc import KeysView, Sequence

import numpy as np

from strategic_memory_server.inputs.column_buffer import ColumnBuffer, Columns
from strategic_memory_server.inputs.entries import RegimeObservation
from strategic_memory_server.inputs.name_table import NameTable
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.rolling_window import RollingWindow
from strategic_memory_server.memory import RegimeWindow
from strategic_memory_server.memory_tallies import ObservedTallies
from strategic_memory_server.memory_totals import ObservedTotals

_DTYPES = {
    "regime": np.int64,
    "pnl": np.float64,
    "volatility": np.float64,
    "trend": np.float64,
    "confidence": np.float64,
    "position": np.int64,
}


def observation_columns(entries: Sequence[RegimeObservation], positions: Sequence[int], names: NameTable) -> Columns:
    """Make columns of observations."""
    return {
        "regime": names.column([entry.regime for entry in entries]),
        "pnl": np.array([entry.pnl for entry in entries], dtype=np.float64),
        "volatility": np.array([entry.volatility for entry in entries], dtype=np.float64),
        "trend": np.array([entry.trend for entry in entries], dtype=np.float64),
        "confidence": np.array([entry.confidence for entry in entries], dtype=np.float64),
        "position": np.array(positions, dtype=np.int64),
    }


class RollingRegimes(RollingWindow):
    """Regime observations; `names` gives their regimes an index."""

    def __init__(self, length: int, limits: ReadingLimits, names: NameTable) -> None:
        super().__init__(length, ColumnBuffer(_DTYPES), limits)
        self._names = names
        self._tallies = ObservedTallies()

    def window(self) -> RegimeWindow:
        """Give the window as it stands."""
        return RegimeWindow(**self.buffer.columns())

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._tallies.regimes

    def totals(self) -> ObservedTotals:
        """Give its totals."""
        return self._tallies.totals()

    def append(self, columns: Columns) -> None:
        """Add observations at the new end."""
        self._tallies.add(RegimeWindow(**columns), self._names.names)
        self.buffer.append(columns)

    def _uncount_oldest(self, count: int) -> None:
        self._tallies.remove_oldest(RegimeWindow(**self.buffer.columns(0, count + 1)), count, self._names.names)

    def _reset_tallies(self) -> None:
        self._tallies = ObservedTallies()
