"""Tables of Parquet and feather files, by pyarrow, which the extra `replay` installs."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.optional_module import optional_module
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, TablePage
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table, headings

_BEYOND = "beyond all times"
_INDEX = "__index_level_0__"
"""What pandas calls an index without a name."""

_UNREADABLE = (ValueError, OSError, MemoryError)
"""What pyarrow raises for a damaged file; it may ask for as much memory as a broken number says."""


def parquet_table(source: Source) -> Table:
    """Return the table of a Parquet file; it is read a batch of rows at a time.

    Raises:
        NotInstalledError: pyarrow is not installed.
        ReplayError: it is no Parquet file.
    """
    with _opened(source, "parquet", "Parquet", "ParquetFile") as file:
        columns = _names(file.schema_arrow.names)
    return Table(source.shown, (), columns, lambda: _parquet_pages(source, columns))


def _parquet_pages(source: Source, columns: Sequence[str]) -> Iterator[TablePage]:
    with _opened(source, "parquet", "Parquet", "ParquetFile") as file:
        yield from _pages(source, file.iter_batches(batch_size=PAGE_ROWS), file.metadata.num_rows, columns)


def feather_table(source: Source) -> Table:
    """Return the table of a feather file (version 2, as pandas and freqtrade write it), read all at once.

    Raises:
        NotInstalledError: pyarrow is not installed.
        ReplayError: it is no feather file.
    """
    table = _opened(source, "feather", "feather", "read_table")
    columns = _names(table.schema.names)
    batches = table.to_batches(max_chunksize=PAGE_ROWS)
    return Table(source.shown, (), columns, lambda: _pages(source, batches, table.num_rows, columns))


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return headings(["" if name == _INDEX else name for name in names])


def _opened(source: Source, part: str, kind: str, opening: str) -> Any:  # noqa: ANN401  pyarrow has no types
    """Return what a function of a part of pyarrow makes of a file."""
    needs = f"{source.shown}: {part} needs pyarrow, which is not installed: pip install 'strategic-memory[replay]'"
    pyarrow = optional_module(f"pyarrow.{part}", needs)
    try:
        return getattr(pyarrow, opening)(source.whole())
    except _UNREADABLE as error:
        raise ReplayError(f"{source.shown}: is no {kind} file that can be read: {error}") from None


def _pages(source: Source, batches: Iterable[Any], rows: int, columns: Sequence[str]) -> Iterator[TablePage]:
    read = 0
    try:
        for batch in batches:
            lines = range(read + 1, read + batch.num_rows + 1)
            read += batch.num_rows
            yield TablePage(_Columns(source, batch, columns), lines, (), read / max(rows, 1))
    except _UNREADABLE as error:
        raise ReplayError(f"{source.shown}: cannot be read beyond row {read:,}: {error}") from None


class _Columns(Mapping[str, Sequence[Cell]]):
    """The columns of a batch, each made into cells when it is asked for: what nobody reads cannot fail."""

    def __init__(self, source: Source, batch: Any, names: Sequence[str]) -> None:  # noqa: ANN401  pyarrow has no types
        self._source, self._batch = source, batch
        self._places = {name: place for place, name in enumerate(names)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        # Mapping would make the column to say whether it is there.
        return name in self._places

    def __getitem__(self, name: str) -> Sequence[Cell]:
        column = self._batch.column(self._places[name])
        try:
            # What is damaged must not be made into values unchecked.
            column.validate(full=True)
        except ValueError as error:
            raise ReplayError(f"{self._source.shown}: column {name!r} is damaged: {error}") from None
        arrow: Any = importlib.import_module("pyarrow")
        if arrow.types.is_timestamp(column.type):
            return _written_out(arrow, column)
        try:
            return _cells(column.to_pylist())
        except (ValueError, OverflowError):
            return _cells([_text_of(scalar) for scalar in column])


def _written_out(arrow: Any, column: Any) -> Sequence[Cell]:  # noqa: ANN401  pyarrow has no types
    """Return times in ISO 8601, those of a zone in UTC: many times faster than by Python's own."""
    if column.type.tz:
        column = column.cast(arrow.timestamp(column.type.unit, tz="UTC"))
    texts: list[str | None] = column.cast(arrow.string()).to_pylist()
    # Beyond the year 32767 it writes <value out of range: ...>.
    return [_BEYOND if text is not None and text[0] == "<" else text for text in texts]


def _text_of(scalar: Any) -> object:  # noqa: ANN401  pyarrow has no types
    """Return a value that Python has, or what is written for one that it has not."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return _BEYOND


def _cells(values: Sequence[object]) -> list[Cell]:
    return [value if value is None or isinstance(value, str | int | float) else _cell(value) for value in values]


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        # A number of a table is one number, and no text that could be read in two ways.
        return int(value) if value == value.to_integral_value() else float(value)
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)
