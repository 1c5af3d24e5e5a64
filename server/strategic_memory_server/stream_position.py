"""Positions: stream ids as one 64-bit integer, so that columns of them can be compared and searched.

A Redis stream id is `milliseconds-sequence`. The position keeps the milliseconds in the upper 48 bits and the
sequence, up to 32,767, in the lower 15. Milliseconds end with the year 9999, which is as far as the wire's
Timestamp goes; an id beyond that was typed by hand, and only its order among others like it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from strategic_memory_server.columns import IndexColumn

SEQUENCE_BITS = 15
MAX_SEQUENCE = (1 << SEQUENCE_BITS) - 1
MIN_TIME_MS = -62_135_596_800_000
MAX_TIME_MS = 253_402_300_799_999

PositionT = TypeVar("PositionT", int, IndexColumn)


def position_of_time(time_ms: int, sequence: int = 0) -> int:
    """Give the position of a time in milliseconds since 1970-01-01 UTC (negative before it)."""
    return (min(time_ms, MAX_TIME_MS) << SEQUENCE_BITS) | min(sequence, MAX_SEQUENCE)


def position_of_id(entry_id: bytes) -> int:
    """Give the position of a stream id as Redis returns it, for example b"1766296800000-0"."""
    time_ms, _, sequence = entry_id.partition(b"-")
    return position_of_time(int(time_ms), int(sequence))


def positions_of_ids(entry_ids: Sequence[bytes]) -> IndexColumn:
    """Give the positions of many stream ids, as `position_of_id` gives each."""
    parts = [int(part) for part in b"-".join(entry_ids).split(b"-")] if entry_ids else []
    try:
        time_ms, sequence = np.array(parts[::2], dtype=np.int64), np.array(parts[1::2], dtype=np.int64)
    except OverflowError:
        return np.array([position_of_id(entry_id) for entry_id in entry_ids], dtype=np.int64)
    positions: IndexColumn = (np.minimum(time_ms, MAX_TIME_MS) << SEQUENCE_BITS) | np.minimum(sequence, MAX_SEQUENCE)
    return positions


def time_ms_of(position: PositionT) -> PositionT:
    """Give the milliseconds since 1970-01-01 UTC of a position, or of each in a column."""
    return position >> SEQUENCE_BITS


def sequence_of(position: int) -> int:
    """Give the sequence number in a position."""
    return position & MAX_SEQUENCE


def id_order(entry_id: str) -> tuple[int, int]:
    """Give what stream ids are ordered by, exactly, also beyond the times that a position can hold.

    Raises:
        ValueError: it is no id.
    """
    time_ms, _, sequence = entry_id.partition("-")
    if not (time_ms.isdecimal() and sequence.isdecimal()):
        raise ValueError(f"no id of a stream entry: {entry_id!r}")
    return int(time_ms), int(sequence)
