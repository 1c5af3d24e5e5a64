"""The time of day."""

from __future__ import annotations

import time


def unix_time_ms() -> int:
    """The time now in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000
