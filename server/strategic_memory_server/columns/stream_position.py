"""Positions: stream ids as 16 bytes, so that columns of them can be compared and searched.

A Redis stream id is two unsigned numbers of 64 bits, `milliseconds-sequence` by default; a producer may count whatever
it likes in them, as long as they grow. The position is both of them, big-endian, so bytes are ordered as ids are. numpy
does not tell zeros at the end from bytes that are not there, so a position is written without them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn, PositionColumn

Id = tuple[int, int]

POSITION_BYTES = 16
LARGEST = (1 << 64) - 1
"""Largest number in each half of an id."""

LAST_ID = b"%d-%d" % (LARGEST, LARGEST)
"""No id comes after it, and Redis refuses to look for one."""

_LONGEST_ID = len(LAST_ID)

LARGEST_SIGNED = (1 << 63) - 1
"""Largest number of a column of times."""

MIN_TIME_MS = -62_135_596_800_000
MAX_TIME_MS = 253_402_300_799_999
"""The years 1 and 9999, as far as the wire's Timestamp goes, milliseconds since 1970-01-01 UTC."""


def position_of(entry_id: Id) -> bytes:
    """The position of a stream id."""
    return (entry_id[0] << 64 | entry_id[1]).to_bytes(POSITION_BYTES, "big").rstrip(b"\0")


def position_of_id(entry_id: bytes) -> bytes:
    """The position of a stream id as Redis returns it, for example b"1766296800000-0"."""
    time_ms, _, sequence = entry_id.partition(b"-")
    return position_of((int(time_ms), int(sequence)))


def id_of_position(position: bytes) -> Id:
    """The stream id at a position."""
    return divmod(int.from_bytes(position.ljust(POSITION_BYTES, b"\0"), "big"), 1 << 64)


def position_column(positions: Sequence[bytes]) -> PositionColumn:
    """Make a column of positions."""
    return np.array(positions, dtype=f"S{POSITION_BYTES}")


def positions_of_ids(entry_ids: Sequence[bytes]) -> PositionColumn:
    """The positions of many stream ids, as `position_of_id` gives each."""
    parts = [int(part) for part in b"-".join(entry_ids).split(b"-")] if entry_ids else []
    return np.array(parts, dtype=np.uint64).astype(">u8").view(f"S{POSITION_BYTES}")


def positions_at_end_of(times_ms: IndexColumn) -> PositionColumn:
    """The positions of the largest ids within some milliseconds, which are not negative."""
    halves = np.full((times_ms.size, 2), LARGEST, dtype=">u8")
    halves[:, 0] = times_ms
    return halves.reshape(-1).view(f"S{POSITION_BYTES}")


def times_ms_of(positions: PositionColumn) -> IndexColumn:
    """The milliseconds since 1970-01-01 UTC that stand in positions, at most LARGEST_SIGNED.

    They are times only where the producer's ids are; others, in microseconds for example, order entries all the same.
    They grow with the positions, so what is later than the clock of Redis stands at the end.
    """
    first_halves = np.ascontiguousarray(positions).view(">u8")[::2]
    times_ms: IndexColumn = np.minimum(first_halves, np.uint64(LARGEST_SIGNED)).astype(np.int64)
    return times_ms


def id_order(entry_id: str) -> Id:
    """What stream ids are ordered by.

    Raises:
        ValueError: it is no id.
    """
    time_ms, _, sequence = entry_id.partition("-")
    if entry_id.isascii() and time_ms.isdecimal() and sequence.isdecimal() and len(entry_id) <= _LONGEST_ID:
        found = int(time_ms), int(sequence)
        if max(found) <= LARGEST:
            return found
    raise ValueError(f"no id of a stream entry: {entry_id[:_LONGEST_ID]!r}")


def id_of(text: bytes) -> Id:
    """Read a stream id, for example b"1766296800000-0"."""
    time_ms, _, sequence = text.partition(b"-")
    return int(time_ms), int(sequence)


def shown_id(entry_id: Id) -> str:
    """Write a stream id."""
    return f"{entry_id[0]}-{entry_id[1]}"
