"""Times of the wire."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf import timestamp_pb2


def time_from_wire(wire: timestamp_pb2.Timestamp) -> datetime | None:
    """Return the time (aware, UTC); None outside of the years 1 to 9999, which is as good as not known."""
    try:
        return wire.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
