"""The error for files of which no row can be used: what was found, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from strategic_memory_server.replay.files.column_names import NEEDED
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.naming import names_told
from strategic_memory_server.replay.formats.recognition import are_prices
from strategic_memory_server.replay.record.rejected_rows import RejectedRows
from strategic_memory_server.replay.record.table_read import TableRead

_EXPORTED_BESIDE = ({"place", "field", "value"}, {"input", "value"})
"""Columns of files of `export` that are no entries."""


def nothing_usable(
    files: Sequence[Path], tables: Sequence[TableRead], rejected: RejectedRows, columns: Collection[str]
) -> ReplayError:
    """Return the error.

    Args:
        files: what was read.
        tables: what was read of each of their tables.
        rejected: the rows that were refused.
        columns: the names of all columns.
    """
    shown = ", ".join(str(file) for file in files)
    told = f" Refused: {rejected.describe()}." if rejected.rows else ""
    left_out = [(count, others, each.format) for each in tables for others, count in each.left_out.items() if count]
    for count, others, name in left_out:
        told += f" Left out: {count:,} {others} ({name})."
    if left_out and not rejected.rows:
        return ReplayError(f"no usable row in {shown}.{told} None of the rows is a result")
    told = told or " There are no rows."
    return ReplayError(f"no usable row in {shown}.{told} {_what_to_do(columns)}")


def _what_to_do(columns: Iterable[str]) -> str:
    names = {name.lower() for name in columns}
    if are_prices(names):
        return (
            "These look like prices, and not like what was earned: `strategic-memory-server regimes` makes regime "
            "observations of them, which are read beside trades"
        )
    if any(beside == names for beside in _EXPORTED_BESIDE):
        return "This is a part of an `export`: give its folder to `strategic-memory-server import`"
    return f"Columns found: {names_told(dict.fromkeys(columns))}; {NEEDED}"
