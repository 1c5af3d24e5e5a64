"""As-of join: the regime that the regime stream showed at the time of an entry that has none."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol

from strategic_memory_server.inputs.entries import RegimeObservation
from strategic_memory_server.inputs.timeline import Timeline
from strategic_memory_server.memory import UNKNOWN_REGIME


class CarriesRegime(Protocol):
    """An entry with a regime; empty where it was not given."""

    @property
    def regime(self) -> str:
        """Regime of the entry."""


def positions_without_regime(timeline: Timeline[CarriesRegime]) -> list[int]:
    """Give the positions of the entries that have no regime of their own."""
    return [position for entry, position in zip(timeline.entries, timeline.positions, strict=True) if not entry.regime]


def regime_as_of(position: int, observed: Timeline[RegimeObservation]) -> str:
    """Give the regime of the last observation at or before a position; "UNKNOWN" when there is none."""
    before = bisect_right(observed.positions, position)
    return observed.entries[before - 1].regime if before else UNKNOWN_REGIME


def joined_regimes(timeline: Timeline[CarriesRegime], observed: Timeline[RegimeObservation]) -> Sequence[str]:
    """Give the regime of every entry of a timeline: its own, or the one observed at its position."""
    return [
        entry.regime or regime_as_of(position, observed)
        for entry, position in zip(timeline.entries, timeline.positions, strict=True)
    ]
