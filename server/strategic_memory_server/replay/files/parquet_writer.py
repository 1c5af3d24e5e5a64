"""ParquetWriter: a Parquet file that grows by rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from strategic_memory_server.replay.files.optional_module import optional_module


class ParquetWriter:
    """Writes rows some at a time.

    Args:
        file: where to; it must not be there yet.
        fields: names of columns with the names of their types in pyarrow; `time` is in milliseconds, UTC, and `fields`
            are names with values, both of bytes.
        otherwise: what to say where pyarrow is not installed.
        compression: as pyarrow calls it.

    Raises:
        NotInstalledError: pyarrow is not.
    """

    def __init__(self, file: Path, fields: Mapping[str, str], otherwise: str, compression: str = "snappy") -> None:
        arrow, parquet = (optional_module(name, otherwise) for name in ("pyarrow", "pyarrow.parquet"))
        kinds = {"time": arrow.timestamp("ms", tz="UTC"), "fields": arrow.map_(arrow.binary(), arrow.binary())}
        types = [(name, kinds.get(kind) or getattr(arrow, kind)()) for name, kind in fields.items()]
        self._arrow, self._schema = arrow, arrow.schema(types)
        self._writer = parquet.ParquetWriter(file, self._schema, compression=compression)
        self.rows = 0

    def write(self, rows: Sequence[Mapping[str, object]]) -> None:
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
