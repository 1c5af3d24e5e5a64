"""Times as the log writes them: ISO 8601 or milliseconds since 1970-01-01 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.columns.stream_position import MAX_TIME_MS, MIN_TIME_MS

_LONGEST_KEY_LIFE_MS = 7 * 86_400_000

_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)


def to_iso(time_ms: int | None) -> str | None:
    """Return a time in milliseconds since 1970-01-01 UTC as ISO 8601 with milliseconds and a Z."""
    if time_ms is None:
        return None
    moment = _EPOCH_START + timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_iso(text: str | None) -> int | None:
    """Inverse of `to_iso`."""
    if text is None:
        return None
    return round((datetime.fromisoformat(text) - _EPOCH_START) / timedelta(milliseconds=1))


def read_time_ms(value: int) -> int:
    """Return a time in milliseconds since 1970-01-01 UTC within the years 1 to 9999; ValueError for any other."""
    if not MIN_TIME_MS <= value <= MAX_TIME_MS:
        raise ValueError("not a time")
    return value


def time_argument(time_ms: int | None) -> int | str:
    """Return a time as the scripts take it; empty: not known."""
    return "" if time_ms is None else time_ms


def time_arguments(times: Times) -> dict[str, int | str]:
    """Return times as the scripts take them, by name."""
    return {
        "computed_at_ms": time_argument(times.computed_at_ms),
        "data_as_of_ms": time_argument(times.data_as_of_ms),
        "valid_until_ms": time_argument(times.valid_until_ms),
    }


def key_lives_ms(times: Times) -> int:
    """Return how long the key lives: twice the validity, which `lapse.lua` counts on.

    A server that runs puts the safe values into it once the validity has passed. Where none runs, an advice that
    nobody renews is gone a while later, and does not look like one that holds.
    """
    if times.computed_at_ms is None or times.valid_until_ms is None:
        return _LONGEST_KEY_LIFE_MS
    return min(max(2 * (times.valid_until_ms - times.computed_at_ms), 1), _LONGEST_KEY_LIFE_MS)
