"""Closing prices of one symbol, and from when on each is known."""

from __future__ import annotations

import enum
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

import numpy as np

FEWEST_OF_A_LENGTH = 20
"""So many distances in a row that are all alike are a length of candles, and no gaps between them."""

FAR_FROM_THE_LAST = 3.0
"""A close that is so many times the one before is told, and one that is as much less."""

SYMBOLS_TOLD = 5
"""So many symbols are named where there are several to choose from."""

_BY_CLOSES = "--stamps closing, where each is known at its time"


class Stamps(enum.Enum):
    """What the time of a candle is."""

    OPENING = "opening"
    """When it began, as exchanges and freqtrade have it. Its close is known one candle later."""
    CLOSING = "closing"
    """When it ended."""


KnownClose = tuple[int, float]
"""When a close became known, milliseconds since 1970 UTC, and the price."""


class PricesError(Exception):
    """Prices cannot be read, or no regime can be told from them. The message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Closing prices of one symbol, in the order of their times, each time once.

    Attributes:
        times_ms: stamp of each candle, milliseconds since 1970 UTC.
        closes: its closing price, above 0.
        repeated: how many rows had the time of a later row, which counts.
        left_out: how many rows of all symbols are no closes, by reason.
        written: how the columns of each file are written, in words; plain numbers go without saying.
        lengths: a file with candles of each length that whole files are of, milliseconds.
        newest_in: the file that gave the last of them; None: they are of no file.
    """

    times_ms: Sequence[int]
    closes: Sequence[float]
    repeated: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    written: Sequence[str] = ()
    lengths: Mapping[int, Path] = field(default_factory=dict)
    newest_in: Path | None = None

    @property
    def jumps(self) -> int:
        """Number of closes that are more than three times the one before, or less than a third of it."""
        return int(np.count_nonzero(np.abs(np.diff(np.log(self.closes))) > math.log(FAR_FROM_THE_LAST)))

    @property
    def spacing_ms(self) -> int:
        """The length of a candle: the commonest distance to the next.

        Raises:
            PricesError: there are fewer than two, or they are of no one length: what was known when is not told then.
        """
        if len(self.times_ms) < 2:
            raise PricesError(f"{len(self.times_ms)} closes are too few: give a file with more candles")
        if len(self.lengths) > 1:
            held = " and ".join(f"{path} of {_length(spacing_ms)}" for spacing_ms, path in sorted(self.lengths.items()))
            raise PricesError(f"the files hold candles of several lengths, {held}: give those of one, or {_BY_CLOSES}")
        passed_ms = np.diff(self.times_ms)
        distances, counts = np.unique(passed_ms, return_counts=True)
        commonest = int(distances[np.argmax(counts)])
        if 2 * np.count_nonzero(passed_ms % commonest) > passed_ms.size:
            raise PricesError(
                f"most times are not those of candles of one length ({_length(commonest)}): give such, or {_BY_CLOSES}"
            )
        ends = np.flatnonzero(np.diff(passed_ms, append=-1))
        runs = np.diff(ends, prepend=-1)
        others = ends[(runs >= FEWEST_OF_A_LENGTH) & (passed_ms[ends] != commonest)]
        if others.size:
            at = np.datetime64(self.times_ms[others[0]], "ms")
            raise PricesError(
                f"candles of {_length(commonest)} and, up to {at}, of {_length(passed_ms[others[0]])}: give those of "
                f"one length, or {_BY_CLOSES}"
            )
        return commonest

    def known_closes(self, stamps: Stamps) -> list[KnownClose]:
        """Return the closes, oldest first. Raises PricesError as `spacing_ms`, where that is what tells it."""
        to_close_ms = self.spacing_ms if stamps is Stamps.OPENING else 0
        return [(time_ms + to_close_ms, close) for time_ms, close in zip(self.times_ms, self.closes, strict=True)]


def _length(spacing_ms: int) -> str:
    return str(timedelta(milliseconds=int(spacing_ms)))


def symbols_told(symbols: Collection[str]) -> str:
    """Return the first symbols, for a message that asks for one of them."""
    return ", ".join(islice(symbols, SYMBOLS_TOLD)) + (", ..." if len(symbols) > SYMBOLS_TOLD else "")
