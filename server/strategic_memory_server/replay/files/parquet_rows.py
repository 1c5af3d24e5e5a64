"""Rows of Parquet and feather files, by pyarrow, which the extra `replay` installs."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from strategic_memory_server.replay.files.errors import NotInstalledError, ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, Page


def parquet_pages(path: Path) -> Iterator[Page]:
    """Read a Parquet file, a batch of rows at a time.

    Raises:
        NotInstalledError: pyarrow is not installed.
        ReplayError: it is no Parquet file.
    """
    parquet: Any = _of_pyarrow(path, "parquet")
    try:
        file = parquet.ParquetFile(path)
    except (ValueError, OSError) as error:
        raise ReplayError(f"{path}: is no Parquet file that can be read: {error}") from None
    with file:
        yield from _pages(file.iter_batches(batch_size=PAGE_ROWS), file.metadata.num_rows)


def feather_pages(path: Path) -> Iterator[Page]:
    """Read a feather file (version 2, as pandas and freqtrade write it), all at once.

    Raises:
        NotInstalledError: pyarrow is not installed.
        ReplayError: it is no feather file.
    """
    feather: Any = _of_pyarrow(path, "feather")
    try:
        table = feather.read_table(path)
    except (ValueError, OSError) as error:
        raise ReplayError(f"{path}: is no feather file that can be read: {error}") from None
    yield from _pages(table.to_batches(max_chunksize=PAGE_ROWS), table.num_rows)


def _of_pyarrow(path: Path, part: str) -> ModuleType:
    try:
        # Not part of the service: it is several times as large.
        return importlib.import_module(f"pyarrow.{part}")
    except ModuleNotFoundError:
        raise NotInstalledError(
            f"{path}: {part} needs pyarrow, which is not installed: pip install 'strategic-memory[replay]'"
        ) from None


def _pages(batches: Iterable[Any], rows: int) -> Iterator[Page]:
    read = 0
    for batch in batches:
        columns = {name: _cells(batch.column(place).to_pylist()) for place, name in enumerate(batch.schema.names)}
        lines = range(read + 1, read + batch.num_rows + 1)
        read += batch.num_rows
        yield Page(columns, lines, (), read / max(rows, 1))


def _cells(values: Sequence[object]) -> list[Cell]:
    return [value if value is None or isinstance(value, str | int | float) else _cell(value) for value in values]


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)
