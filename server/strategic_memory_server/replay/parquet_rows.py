"""Rows of a Parquet file, by pyarrow, which the extra `replay` installs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from strategic_memory_server.replay.errors import NotInstalledError, ReplayError
from strategic_memory_server.replay.page import PAGE_ROWS, Cell, Page


def parquet_pages(path: Path) -> Iterator[Page]:
    """Read a Parquet file, a batch of rows at a time.

    Raises:
        NotInstalledError: pyarrow is not installed.
        ReplayError: it is no Parquet file.
    """
    try:
        # Not part of the service: it is several times as large.
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise NotInstalledError(
            f"{path}: Parquet needs pyarrow, which is not installed: pip install 'strategic-memory[replay]'"
        ) from None
    try:
        file = parquet.ParquetFile(path)
    except (ValueError, OSError) as error:
        raise ReplayError(f"{path}: is no Parquet file that can be read: {error}") from None
    with file:
        rows, read = max(file.metadata.num_rows, 1), 0
        for batch in file.iter_batches(batch_size=PAGE_ROWS):
            columns = {name: _cells(batch.column(place).to_pylist()) for place, name in enumerate(batch.schema.names)}
            lines = range(read + 1, read + batch.num_rows + 1)
            read += batch.num_rows
            yield Page(columns, lines, (), read / rows)


def _cells(values: Sequence[object]) -> list[Cell]:
    return [value if value is None or isinstance(value, str | int | float) else _cell(value) for value in values]


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)
