"""Exported: what a folder of `export` holds, read back as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from strategic_memory_server.columns.stream_position import Id, id_order
from strategic_memory_server.entries.entry_fields import Fields
from strategic_memory_server.exporting.folder import (
    GUARD_VALUE,
    MEMORY_FILE,
    NEEDS_PYARROW,
    OVERRIDE_VALUE,
    STREAM_FILES,
    VALUES_FILE,
    FolderError,
    read_manifest,
)
from strategic_memory_server.memory.override import LONGEST_MS
from strategic_memory_server.replay.files.optional_module import optional_module
from strategic_memory_server.revisions.guard_text import guard_of_carried
from strategic_memory_server.revisions.intervention_text import intervention_of_text


@dataclass(frozen=True, slots=True)
class ExportedEntries:
    """The entries of one stream, oldest first.

    Attributes:
        source: the stream, without the prefix.
        ids: the id of each.
        fields: a column of pyarrow, with the fields of each.
    """

    source: str
    ids: Sequence[Id]
    fields: Any

    def __len__(self) -> int:
        return len(self.ids)

    def id_at(self, place: int) -> Id:
        """Return the id of an entry."""
        return self.ids[place]

    def fields_at(self, place: int) -> Fields:
        """Return the fields of an entry."""
        return dict(self.fields[place].as_py())


@dataclass(frozen=True, slots=True)
class ExportedMemory:
    """A long memory in one place.

    Attributes:
        evidence: fields of its hash.
        trade_ids: number of each id, as Redis writes it.
    """

    evidence: Mapping[bytes, bytes]
    trade_ids: Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Exported:
    """All parts of an export but the advice, which is not brought back.

    Attributes:
        streams: entries by stream; those without any are left out.
        values: the other inputs, by source.
        memories: the long memory by its place, `first` or `beside`; those that were not there are left out.
        override: what operators had said; None: nothing that had not ended.
        leaves_override_out: whether they had said what this version cannot read, and takes for ended.
        guard: what the drawdown guard went on from, as text; None: it was off, or had taken in nothing.
        decay: how the sums of the one beside the first decay.
    """

    streams: Sequence[ExportedEntries]
    values: Mapping[str, bytes]
    memories: Mapping[str, ExportedMemory]
    override: bytes | None
    leaves_override_out: bool
    guard: bytes | None
    decay: float


def read_export(folder: Path) -> Exported:
    """Read an export.

    Raises:
        FolderError: it is none, is of a newer format, lacks something, or has a guard or an override that cannot be
            read.
    """
    manifest = read_manifest(folder)
    tables = {name: _table(folder / name, manifest.rows.get(name)) for name in (*STREAM_FILES.values(), VALUES_FILE)}
    streams = [_entries(source, tables[name]) for source, name in STREAM_FILES.items() if tables[name].num_rows]
    memories: dict[str, ExportedMemory] = {}
    for row in _table(folder / MEMORY_FILE, manifest.rows.get(MEMORY_FILE)).to_pylist():
        memory = memories.setdefault(row["place"], ExportedMemory({}, {}))
        getattr(memory, row["part"])[row["name"]] = row["value"]
    values = {row["source"]: row["value"] for row in tables[VALUES_FILE].to_pylist()}
    carried = values.pop(OVERRIDE_VALUE, None)
    override = _override(folder, carried, manifest.exported_at)
    guard = _guard(folder, values.pop(GUARD_VALUE, None))
    return Exported(streams, values, memories, override, override != carried, guard, manifest.decay)


def _override(folder: Path, carried: bytes | None, exported_at: str) -> bytes | None:
    if carried is None or intervention_of_text(carried) is not None:
        return carried
    try:
        has_ended = datetime.now(UTC) - datetime.fromisoformat(exported_at) > timedelta(milliseconds=LONGEST_MS)
    except (TypeError, ValueError):
        has_ended = False
    if has_ended:
        return None
    raise FolderError(
        f"{folder / VALUES_FILE}: what operators have said cannot be read by this version, and may hold; nothing was "
        f"written: install the version that wrote it; from a day after {exported_at} on it is left out, for as far as "
        "this version knows it has ended by then"
    )


def _guard(folder: Path, carried: bytes | None) -> bytes | None:
    try:
        return None if carried is None else guard_of_carried(carried)
    except ValueError as error:
        raise FolderError(
            f"{folder / VALUES_FILE}: what the drawdown guard goes on from cannot be read: {error}; nothing was "
            "written: export it again, or install the version that wrote it"
        ) from None


def _table(file: Path, rows: int | None) -> Any:  # noqa: ANN401  pyarrow has no types
    try:
        table = optional_module("pyarrow.parquet", NEEDS_PYARROW).read_table(file)
    except (OSError, ValueError) as error:
        raise FolderError(f"{file}: cannot be read: {error}; export it again") from None
    if table.num_rows != rows:
        raise FolderError(f"{file}: has {table.num_rows} rows, and the export says {rows}; export it again")
    return table


def _entries(source: str, table: Any) -> ExportedEntries:  # noqa: ANN401
    ids = [id_order(text) for text in table.column("id").to_pylist()]
    return ExportedEntries(source, ids, table.column("fields").combine_chunks())
