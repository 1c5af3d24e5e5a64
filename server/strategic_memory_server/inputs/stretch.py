"""Stretch: which entries of a stream a window holds."""

from __future__ import annotations

from typing import NamedTuple

from strategic_memory_server.columns.stream_position import id_of_position, shown_id
from strategic_memory_server.windows.rolling_window import RollingWindow


class Stretch(NamedTuple):
    """A part of a stream.

    Attributes:
        first: id of the oldest usable entry in it; empty: there is none.
        last: id up to which the stream was read; "0-0": it had no entry.
        entries: how many count.
    """

    first: str
    last: str
    entries: int

    @classmethod
    def of(cls, window: RollingWindow, last: str) -> Stretch:
        """Tell what a window holds; `last` is the id up to which its stream was read."""
        first = shown_id(id_of_position(bytes(window.positions[0]))) if len(window) else ""
        return cls(first, last, window.counted)
