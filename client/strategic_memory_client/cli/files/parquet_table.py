"""Tables as Parquet."""

from __future__ import annotations

import io

from strategic_memory_client.cli.files.table import MOST_ROWS, FileError, Table
from strategic_memory_client.parquet_files import ParquetError, read_parquet

PARQUET = b"PAR1"
"""What a Parquet file begins with."""


def parquet_table(content: bytes, shown: str) -> Table:
    """Return the table of a file. Raises FileError."""
    try:
        read = read_parquet(io.BytesIO(content), MOST_ROWS)
    except ParquetError as error:
        raise FileError(f"{shown}: {error}") from None
    if not read.num_rows:
        raise FileError(f"{shown}: has no rows: each of them is an entry")
    return Table(shown, dict(zip(read.column_names, read.columns, strict=True)), range(1, read.num_rows + 1))
