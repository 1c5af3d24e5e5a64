"""The Parquet files of an export, written some rows at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from strategic_memory_server.columns.stream_position import MAX_TIME_MS
from strategic_memory_server.entries.entries import read_portfolio_entry, read_regime_observation, read_trade_result
from strategic_memory_server.entries.entry_fields import Fields, RejectionError
from strategic_memory_server.entries.input_keys import META_REGIME, PORTFOLIO_MEMORY, TRADE_RESULTS
from strategic_memory_server.exporting.folder import NEEDS_PYARROW, READ_COLUMNS
from strategic_memory_server.redis_access.round_trip import Entry
from strategic_memory_server.replay.files.parquet_writer import ParquetWriter

_READERS: Mapping[str, Callable[[Fields, int], object]] = {
    META_REGIME: read_regime_observation,
    PORTFOLIO_MEMORY: read_portfolio_entry,
    TRADE_RESULTS: read_trade_result,
}


def parquet_writer(file: Path, fields: Mapping[str, str]) -> ParquetWriter:
    """Return what writes a file of an export. Raises NotInstalledError."""
    return ParquetWriter(file, fields, NEEDS_PYARROW, "zstd")


async def write_entries(file: Path, source: str, pages: AsyncIterator[Sequence[Entry]]) -> int:
    """Write the entries of a stream: each with its id, its time, what the service reads of it, and all its fields.

    Returns:
        How many there were.
    """
    names = READ_COLUMNS[source]
    fields = {"time": "time", "id": "string", **dict.fromkeys(names, "string"), "fields": "fields"}
    with parquet_writer(file, fields) as table:
        async for page in pages:
            table.write([_row(entry, names, _READERS[source]) for entry in page])
    return table.rows


def _row(entry: Entry, names: Sequence[str], read: Callable[[Fields, int], object]) -> dict[str, Any]:
    entry_id, fields = entry
    time_ms = int(entry_id.partition(b"-")[0])
    found = {name: fields.get(name.encode(), b"").decode(errors="replace") or None for name in names}
    try:
        read(fields, time_ms)
    except RejectionError:
        # The service reads nothing of it; whoever reads the columns is not to do so either.
        found = {}
    # An id that counts something else than milliseconds tells no time.
    time = time_ms if time_ms <= MAX_TIME_MS else None
    return {"time": time, "id": entry_id.decode(), **found, "fields": list(fields.items())}
