"""Tables as Parquet, by pyarrow, which the extra `parquet` installs."""

from __future__ import annotations

import importlib
import io
from typing import Any

from strategic_memory_client.cli.files.table import MOST_ROWS, FileError, Table

PARQUET = b"PAR1"
"""What a Parquet file begins with."""

_UNREADABLE = (ValueError, OSError, MemoryError, LookupError, TypeError, NotImplementedError)
"""What pyarrow raises for a damaged file; it may ask for as much memory as a broken number says."""


def parquet_table(content: bytes, shown: str) -> Table:
    """Return the table of a file. Raises FileError."""
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise FileError(
            f"{shown}: Parquet needs pyarrow, which is not installed: pip install 'strategic-memory[parquet]'"
        ) from None
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        if file.metadata.num_rows > MOST_ROWS:
            raise FileError(f"{shown}: has more than {MOST_ROWS:,} rows, which is the most that the service takes")
        names = file.schema_arrow.names
        read = file.read()
        read.validate(full=True)  # what is damaged inside shows only when it is used
        return Table(shown, dict(zip(names, read.columns, strict=True)), range(1, read.num_rows + 1))
    except FileError:
        raise
    except _UNREADABLE as error:
        raise FileError(f"{shown}: is no Parquet file that can be read: {error}") from None
