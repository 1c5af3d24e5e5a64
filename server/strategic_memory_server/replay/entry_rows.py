"""Entries as rows that a spool can hold, and as columns again."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.replay.entry_columns import EntryColumns
from strategic_memory_server.replay.row_order import KEY
from strategic_memory_server.replay.spool import Rows

FIELDS: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]] = [
    ("regime", "i2"),
    ("pnl", "f8"),
    ("policy", "i1"),
    ("strategy", "i2"),
    ("volatility", "f8"),
    ("trend", "f8"),
    ("confidence", "f8"),
    ("trade", "i8"),
    ("policy_pnl", "f8", (3,)),
]
"""Fields of a row beside its key, which is time and kind in one: rows in its order are in the order of both."""

_KIND_BITS = 2


def rows_of(columns: EntryColumns) -> Rows:
    """Give entries as rows."""
    rows = np.empty(columns.time_ms.size, dtype=[(KEY, "i8"), *FIELDS])
    rows[KEY] = (columns.time_ms << _KIND_BITS) | columns.kind
    for name, *_ in FIELDS:
        rows[name] = getattr(columns, name)
    return rows


def columns_of(rows: Rows) -> EntryColumns:
    """Give rows as columns, each of them a copy in one piece."""
    columns = {name: np.array(rows[name], order="C") for name, *_ in FIELDS}
    key = rows[KEY]
    return EntryColumns(time_ms=key >> _KIND_BITS, kind=(key & ((1 << _KIND_BITS) - 1)).astype(np.int8), **columns)
