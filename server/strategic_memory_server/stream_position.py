"""Positions: stream ids as one 64-bit integer, so that columns of them can be compared and searched.

A Redis stream id is `milliseconds-sequence`. The position keeps the milliseconds in the upper 48 bits and the
sequence, up to 32,767, in the lower 15. Milliseconds end with the year 9999, which is as far as the wire's
Timestamp goes; an id beyond that was typed by hand, and only its order among others like it is lost.
"""

from __future__ import annotations

SEQUENCE_BITS = 15
MAX_SEQUENCE = (1 << SEQUENCE_BITS) - 1
MIN_TIME_MS = -62_135_596_800_000
MAX_TIME_MS = 253_402_300_799_999


def position_of_time(time_ms: int, sequence: int = 0) -> int:
    """Give the position of a time in milliseconds since 1970-01-01 UTC (negative before it)."""
    return (min(time_ms, MAX_TIME_MS) << SEQUENCE_BITS) | min(sequence, MAX_SEQUENCE)


def position_of_id(entry_id: bytes) -> int:
    """Give the position of a stream id as Redis returns it, for example b"1766296800000-0"."""
    time_ms, _, sequence = entry_id.partition(b"-")
    return position_of_time(int(time_ms), int(sequence))


def time_ms_of(position: int) -> int:
    """Give the milliseconds since 1970-01-01 UTC of a position."""
    return position >> SEQUENCE_BITS


def id_order(entry_id: str) -> tuple[int, int]:
    """Give what stream ids are ordered by, exactly, also beyond the times that a position can hold.

    Raises:
        ValueError: it is no id.
    """
    time_ms, _, sequence = entry_id.partition("-")
    if not (time_ms.isdecimal() and sequence.isdecimal()):
        raise ValueError(f"no id of a stream entry: {entry_id!r}")
    return int(time_ms), int(sequence)
