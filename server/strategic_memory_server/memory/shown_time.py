"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time_ms: float) -> datetime:
    """Return a time, in milliseconds since 1970-01-01 UTC, as a date and time."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def shown_time(time_ms: float) -> str:
    """Write a time to the second; `time_ms` in milliseconds since 1970-01-01 UTC."""
    return moment(time_ms).strftime("%Y-%m-%d %H:%M:%S UTC")
