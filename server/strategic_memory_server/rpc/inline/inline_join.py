"""Gives entries of a request that name no regime the one that was observed when they were opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.entries.notes import REGIME_AS_OF_CLOSE, REGIME_INFERRED, REGIME_NOT_OBSERVED
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME, PortfolioWindow, RegimeWindow, TradeWindow
from strategic_memory_server.windows.asof_join import regimes_at
from strategic_memory_server.windows.name_table import NameTable

WindowT = TypeVar("WindowT", PortfolioWindow, TradeWindow)


@dataclass(frozen=True, slots=True, eq=False)
class Joined(Generic[WindowT]):
    """Entries that all have a regime.

    Attributes:
        window: the entries.
        inferred: places of those that took the regime observed by their opening, ascending.
        not_observed: places of those for which none had been observed: they are UNKNOWN.
        as_of_close: places of those of both that do not say when they were opened, where others do.
    """

    window: WindowT
    inferred: NDArray[np.intp]
    not_observed: NDArray[np.intp]
    as_of_close: NDArray[np.intp]

    def notes(self, newest: int) -> dict[str, int]:
        """Count these among the newest entries."""
        first = self.window.pnl.size - newest
        counts = {
            REGIME_INFERRED: int(np.count_nonzero(self.inferred >= first)),
            REGIME_AS_OF_CLOSE: int(np.count_nonzero(self.as_of_close >= first)),
            REGIME_NOT_OBSERVED: int(np.count_nonzero(self.not_observed >= first)),
        }
        return {note: count for note, count in counts.items() if count}


def joined(entries: WindowT, observed: RegimeWindow, names: NameTable) -> Joined[WindowT]:
    """Join entries to the observations at or before their openings; observations are in the order of time."""
    missing = np.flatnonzero(entries.regime < 0)
    if not missing.size:
        return Joined(entries, missing, missing, missing)
    unknown = names.index(UNKNOWN_REGIME)
    regime = entries.regime.copy()
    regime[missing] = found = regimes_at(entries.opened_ms[missing], observed.time_ms, observed.regime, unknown)
    regime.flags.writeable = False
    at_close = entries.opened_ms == entries.time_ms
    as_of_close = missing[at_close[missing]] if not at_close.all() else missing[:0]
    return Joined(replace(entries, regime=regime), missing[found != unknown], missing[found == unknown], as_of_close)
