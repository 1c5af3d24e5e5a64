"""Parquet files, by pyarrow, which the extra `parquet` installs."""

from __future__ import annotations

import importlib
from typing import Any, BinaryIO

_UNREADABLE = (ValueError, OSError, MemoryError, LookupError, TypeError, NotImplementedError)
"""What pyarrow raises for a damaged file; it may ask for as much memory as a broken number says."""


class ParquetError(Exception):
    """A file cannot be read; the text says why."""


def read_parquet(source: BinaryIO, most_rows: int | None = None) -> Any:  # noqa: ANN401  pyarrow has no types
    """Return the table of a file as pyarrow has it.

    Args:
        source: the file.
        most_rows: the most that the service takes; None: it is not for the service.

    Raises:
        ParquetError: it cannot be read, has more rows or a column twice, or pyarrow is not installed.
    """
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ParquetError(
            "Parquet needs pyarrow, which is not installed: pip install 'strategic-memory[parquet]'"
        ) from None
    try:
        file = parquet.ParquetFile(source)
        if most_rows is None or file.metadata.num_rows <= most_rows:
            read = file.read()
            read.validate(full=True)  # what is damaged inside shows only when it is used
            _require_each_once(read.column_names)
            return read
    except _UNREADABLE as error:
        raise ParquetError(f"is no Parquet file that can be read: {error}") from None
    raise ParquetError(f"has more than {most_rows:,} rows, which is the most that the service takes")


def _require_each_once(names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ParquetError(f"names the column {twice!r} twice: leave one of the two out")
