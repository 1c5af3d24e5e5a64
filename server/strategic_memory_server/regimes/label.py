"""What a detector says after a close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

BULL, BEAR, RANGE, VOLATILE = "BULL", "BEAR", "RANGE", "VOLATILE"


@dataclass(frozen=True, slots=True)
class Label:
    """The regime that a detector sees.

    Attributes:
        regime: BULL, BEAR, RANGE or VOLATILE.
        confidence: how sure it is, 0 to 1; the detector's documentation says of what it is the probability.
        volatility: standard deviation of the log return of one bar.
        trend: mean log return of one bar.
    """

    regime: str
    confidence: float
    volatility: float
    trend: float


class Detector(Protocol):
    """Is told each close in its order, and says what it sees by then."""

    def update(self, time_s: float, close: float) -> Label | None:
        """Take the close of a bar; return the label from then on, or None while there is too little to tell by.

        Args:
            time_s: when the bar ended, seconds since 1970; later than that of the bar before.
            close: its price, finite and above 0.
        """
        ...
