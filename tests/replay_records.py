"""Records read from files, without a word about the progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Record
from strategic_memory_server.replay.record.record_reading import read_record


def silent(_share: float) -> None:
    """Takes a word about the progress."""


def read(
    files: Sequence[Path],
    names: ColumnMap | Mapping[str, str] | None = None,
    kind: Kind | None = None,
    strategy: str | None = None,
) -> Record:
    """Read files, however many of their rows are refused."""
    columns = names if isinstance(names, ColumnMap) else ColumnMap(names or {})
    return read_record(files, columns, kind, silent, strategy=strategy)


def record_of(*files: Path, names: ColumnMap | dict[str, str] | None = None, kind: Kind | None = None) -> Record:
    """Read files, given one after the other."""
    return read(files, names, kind)


def csv_of(folder: Path, text: str) -> Record:
    """Read a text as a CSV file."""
    (folder / "record.csv").write_text(text)
    return record_of(folder / "record.csv")


def refused(record: Record) -> dict[str, tuple[int, list[str]]]:
    """For each reason, how many rows were refused for it, and the first lines."""
    return {reason: (each.rows, each.first_lines) for reason, each in record.rejected.by_reason.items()}
