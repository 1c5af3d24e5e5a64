"""Moments: the times of an environment, as nanoseconds since 1970-01-01 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

Moment = datetime | np.datetime64 | int
"""A time: aware, or without a zone in UTC, as of numpy; or whole milliseconds since 1970-01-01 UTC."""

NS_PER_MS = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_NS_PER_US = 1_000
_LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: what is beyond is no count of milliseconds."""


def moment_ns(moment: object) -> int:
    """Return a moment. Raises ValueError for what is none, and for a datetime without a zone."""
    if type(moment) is int or isinstance(moment, np.integer):
        if moment > _LATEST_MS:
            # It would be after everything, and what was advised last would be held from the first step on.
            raise ValueError(
                f"{moment} is no time in milliseconds since 1970: give micro- or nanoseconds as numpy.datetime64"
            )
        return int(moment) * NS_PER_MS
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"a time needs its zone, {moment!r} has none: give datetime(..., tzinfo=UTC)")
        return (moment - _EPOCH) // _US * _NS_PER_US
    if isinstance(moment, np.datetime64):
        if np.isnat(moment):
            raise ValueError("NaT is no time")
        return int(moment.astype("datetime64[ns]").astype(np.int64))
    raise ValueError(
        f"{moment!r} is no time: give an aware datetime, a numpy.datetime64, or whole milliseconds since 1970"
    )
