"""From closing prices to labels, each stamped at the close that gave it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from strategic_memory_server.regimes.label import Detector, Label
from strategic_memory_server.regimes.price_files import Prices


class Stamps(enum.Enum):
    """What the time of a candle is."""

    OPENING = "opening"
    """When it began, as exchanges and freqtrade have it. Its close is known one candle later."""
    CLOSING = "closing"
    """When it ended."""


@dataclass(frozen=True, slots=True)
class TimedLabel:
    """A label, and from when on it was known, milliseconds since 1970 UTC."""

    time_ms: int
    label: Label


def timed_labels(detector: Detector, prices: Prices, stamps: Stamps) -> Iterator[TimedLabel]:
    """Yield the labels of a detector that has seen nothing yet. A label knows the closes up to its time, no other."""
    to_close_ms = prices.spacing_ms if stamps is Stamps.OPENING else 0
    for time_ms, close in zip(prices.times_ms, prices.closes, strict=True):
        known_ms = time_ms + to_close_ms
        label = detector.update(known_ms / 1000.0, close)
        if label is not None:
            yield TimedLabel(known_ms, label)
