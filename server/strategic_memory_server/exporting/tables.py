"""The Parquet files of an export, written some rows at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from strategic_memory_server.entries.entries import read_portfolio_entry, read_regime_observation, read_trade_result
from strategic_memory_server.entries.entry_fields import Fields, RejectionError
from strategic_memory_server.entries.input_keys import META_REGIME, PORTFOLIO_MEMORY, TRADE_RESULTS
from strategic_memory_server.exporting.folder import READ_COLUMNS, parquet_module
from strategic_memory_server.redis_access.round_trip import Entry

Row = Mapping[str, object]

_READERS: Mapping[str, Callable[[Fields, int], object]] = {
    META_REGIME: read_regime_observation,
    PORTFOLIO_MEMORY: read_portfolio_entry,
    TRADE_RESULTS: read_trade_result,
}


class Table:
    """A Parquet file that grows.

    Args:
        file: where to; it must not be there yet.
        fields: names of columns with the names of their types in pyarrow.
    """

    def __init__(self, file: Path, fields: Mapping[str, str]) -> None:
        arrow, parquet = parquet_module(), parquet_module(".parquet")
        kinds = {
            "time": arrow.timestamp("ms", tz="UTC"),
            "fields": arrow.map_(arrow.binary(), arrow.binary()),
        }
        self._arrow = arrow
        self._schema = arrow.schema(
            [(name, kinds.get(kind) or getattr(arrow, kind)()) for name, kind in fields.items()]
        )
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")
        self.rows = 0

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows; a column that a row does not have is empty there."""
        columns = [self._arrow.array([row.get(field.name) for row in rows], field.type) for field in self._schema]
        self._writer.write_table(self._arrow.Table.from_arrays(columns, schema=self._schema))
        self.rows += len(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._writer.close()


async def write_entries(file: Path, source: str, pages: AsyncIterator[Sequence[Entry]]) -> int:
    """Write the entries of a stream: each with its id, its time, what the service reads of it, and all its fields.

    Returns:
        How many there were.
    """
    names = READ_COLUMNS[source]
    fields = {"time": "time", "id": "string", **dict.fromkeys(names, "string"), "fields": "fields"}
    with Table(file, fields) as table:
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
    return {"time": time_ms, "id": entry_id.decode(), **found, "fields": list(fields.items())}
