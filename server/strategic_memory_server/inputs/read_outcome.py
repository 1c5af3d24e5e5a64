"""What a reading of a stream has found."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from strategic_memory_server.inputs.memory_windows import HeldTrades
from strategic_memory_server.inputs.page_reader import Page


class ReadOutcome(enum.Enum):
    """What a reading has found."""

    NEW = "the window stays; there may be new entries"
    REREAD = "the window was read again from the stream"
    MISSING = "there is no stream, or it cannot be read"


@dataclass(frozen=True, slots=True)
class Gap:
    """Entries that were added and trimmed between two readings; `entries` None: perhaps, and how many is not known."""

    source: str
    entries: int | None


@dataclass(frozen=True, slots=True)
class NewEntries:
    """Entries of a stream, oldest first: those after the id `after`; `is_all`: to the end of the stream."""

    after: str
    page: Page
    is_all: bool


@dataclass(frozen=True, slots=True, eq=False)
class NewTrades:
    """New entries of the trade stream, and the usable trades among them, one at least; each has a regime."""

    entries: NewEntries
    trades: HeldTrades
