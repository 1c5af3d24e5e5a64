"""When entries were opened: `opened_at`, ISO 8601 or milliseconds since 1970.

What an entry earned is known where it stands in its stream, at its close. Its regime, where it has none of its own, is
the one that was observed by its opening.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.columns.stream_position import MAX_TIME_MS
from strategic_memory_server.entries.entry_fields import Fields, RejectionError, parse_number
from strategic_memory_server.entries.field_columns import UnusualEntryError
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS

OPENED_AT = "opened_at"

OPENING_NOT_GIVEN = 0
"""In a column of openings, milliseconds since 1970-01-01 UTC: the entry does not say when it was opened."""

EARLIEST_MS = 631_152_000_000
"""1990-01-01: nobody means an earlier time or has an earlier record; an id below it counts something else."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def opened_ms_of(fields: Fields, known_ms: int) -> int:
    """Read when an entry was opened, milliseconds since 1970-01-01 UTC, or `OPENING_NOT_GIVEN`.

    Args:
        fields: the fields of the entry.
        known_ms: the milliseconds of its id. If that is a time, the entry was not opened later; clocks differ a little.

    Raises:
        RejectionError: it is no time, none that anybody means, or after the close.
    """
    raw = fields.get(b"opened_at")
    if not raw or raw.isspace():
        return OPENING_NOT_GIVEN
    opened_ms = _time_ms(raw)
    if not EARLIEST_MS <= opened_ms < MAX_TIME_MS:
        raise RejectionError("opened_at_out_of_range", raw)
    if EARLIEST_MS <= known_ms < MAX_TIME_MS and opened_ms > known_ms + CLOCK_TOLERANCE_MS:
        raise RejectionError("opened_at_after_close", raw)
    return opened_ms


def opened_column(entries: Sequence[Fields], times_ms: IndexColumn) -> IndexColumn:
    """Read when many entries were opened, as `opened_ms_of` does each; `times_ms` are the milliseconds of their ids.

    Raises:
        UnusualEntryError: one has to be read by itself.
    """
    if not any(b"opened_at" in fields for fields in entries):
        return np.full(len(entries), OPENING_NOT_GIVEN, dtype=np.int64)
    try:
        found = [opened_ms_of(fields, known) for fields, known in zip(entries, times_ms.tolist(), strict=True)]
    except RejectionError:
        raise UnusualEntryError from None
    return np.array(found, dtype=np.int64)


def _time_ms(raw: bytes) -> int:
    text = raw.decode("ascii", "replace").strip()
    if text[4:5] != "-":
        try:
            return int(parse_number(OPENED_AT, raw))
        except RejectionError as refused:
            # Digits alone are milliseconds; the basic format of ISO 8601 has a T among them.
            if not refused.reason.endswith("not_a_number"):
                raise
    try:
        moment = datetime.fromisoformat(text)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise RejectionError("opened_at_not_a_time", raw) from None
