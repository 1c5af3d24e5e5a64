"""Rows of Parquet and feather files, by pyarrow, which the extra `replay` installs."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from strategic_memory_server.replay.files.errors import NotInstalledError, ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, Page


def parquet_pages(path: Path) -> Iterator[Page]:
    """Read a Parquet file, a batch of rows at a time.

    Raises:
        NotInstalledError: pyarrow is not installed.
        ReplayError: it is no Parquet file.
    """
    file = _opened(path, "parquet", "Parquet", "ParquetFile")
    with file:
        yield from _pages(file.iter_batches(batch_size=PAGE_ROWS), file.metadata.num_rows)


def feather_pages(path: Path) -> Iterator[Page]:
    """Read a feather file (version 2, as pandas and freqtrade write it), all at once.

    Raises:
        NotInstalledError: pyarrow is not installed.
        ReplayError: it is no feather file.
    """
    table = _opened(path, "feather", "feather", "read_table")
    yield from _pages(table.to_batches(max_chunksize=PAGE_ROWS), table.num_rows)


def _opened(path: Path, part: str, kind: str, opening: str) -> Any:  # noqa: ANN401  pyarrow has no types
    """Return what a function of a part of pyarrow makes of a file."""
    try:
        # Not part of the service: it is several times as large.
        pyarrow = importlib.import_module(f"pyarrow.{part}")
    except ModuleNotFoundError:
        raise NotInstalledError(
            f"{path}: {part} needs pyarrow, which is not installed: pip install 'strategic-memory[replay]'"
        ) from None
    try:
        return getattr(pyarrow, opening)(path)
    except (ValueError, OSError) as error:
        raise ReplayError(f"{path}: is no {kind} file that can be read: {error}") from None


def _pages(batches: Iterable[Any], rows: int) -> Iterator[Page]:
    read = 0
    for batch in batches:
        lines = range(read + 1, read + batch.num_rows + 1)
        read += batch.num_rows
        yield Page(_Columns(batch), lines, (), read / max(rows, 1))


class _Columns(Mapping[str, Sequence[Cell]]):
    """The columns of a batch, each made into cells when it is asked for: what nobody reads cannot fail."""

    def __init__(self, batch: Any) -> None:  # noqa: ANN401  pyarrow has no types
        self._batch = batch

    def __iter__(self) -> Iterator[str]:
        return iter(self._batch.schema.names)

    def __len__(self) -> int:
        return len(self._batch.schema.names)

    def __contains__(self, name: object) -> bool:
        # Mapping would make the column to say whether it is there.
        return name in self._batch.schema.names

    def __getitem__(self, name: str) -> Sequence[Cell]:
        if name not in self:
            raise KeyError(name)
        column = self._batch.column(self._batch.schema.names.index(name))
        if str(column.type).startswith("timestamp[ns"):
            # Python's times have microseconds.
            arrow: Any = importlib.import_module("pyarrow")
            column = column.cast(arrow.timestamp("us", tz=column.type.tz), safe=False)
        try:
            return _cells(column.to_pylist())
        except (ValueError, OverflowError):
            return _cells([_text_of(scalar) for scalar in column])


def _text_of(scalar: Any) -> object:  # noqa: ANN401  pyarrow has no types
    """Return a value that Python has, or what is written for one that it has not."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return "beyond all times"


def _cells(values: Sequence[object]) -> list[Cell]:
    return [value if value is None or isinstance(value, str | int | float) else _cell(value) for value in values]


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)
