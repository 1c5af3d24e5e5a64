"""From closing prices to labels, each stamped at the close that gave it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from strategic_memory_server.regimes.label import Detector, Label
from strategic_memory_server.regimes.prices import Prices, Stamps


@dataclass(frozen=True, slots=True)
class TimedLabel:
    """A label, and from when on it was known, milliseconds since 1970 UTC."""

    time_ms: int
    label: Label


def timed_labels(detector: Detector, prices: Prices, stamps: Stamps) -> Iterator[TimedLabel]:
    """Yield the labels of a detector that has seen nothing yet. A label knows the closes up to its time, no other."""
    for known_ms, close in prices.known_closes(stamps):
        label = detector.update(known_ms / 1000.0, close)
        if label is not None:
            yield TimedLabel(known_ms, label)
