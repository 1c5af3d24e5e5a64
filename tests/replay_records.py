"""Records read in small pieces, and what they and the courses over them hold, as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.replay.compared import Compared
from strategic_memory_server.replay.course import Course, InForce
from strategic_memory_server.replay.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.entry_rows import columns_of
from strategic_memory_server.replay.record import Record
from strategic_memory_server.replay.record_reading import read_record
from strategic_memory_server.replay.spool import Storage

PIECE_ROWS = 37
"""So few rows that small records have several pieces, runs and files."""

Decisions = NDArray[Any]


def silent(_share: float) -> None:
    """Takes a word about the progress."""


def small_pieces(folder: Path) -> Storage:
    """Make a storage that holds next to nothing in memory."""
    return Storage(folder, piece_rows=PIECE_ROWS, most_memory_bytes=1_000)


def read(files: Sequence[Path], names: Mapping[str, str] | None = None, kind: Kind | None = None) -> Record:
    """Read files in small pieces."""
    return read_record(files, names or {}, kind, small_pieces(files[0].parent), silent, silent)


def entries_of(record: Record) -> EntryColumns:
    """Give all entries at once."""
    return columns_of(np.concatenate(list(record.rows.pieces())))


def decisions_of(course: Course) -> Decisions:
    """Give all decisions at once."""
    return np.concatenate(list(course.pieces()))


def in_force(course: Course, record: Record) -> Decisions:
    """Give the decision in force at each entry, asked for in small parts."""
    decisions, places = InForce(course), np.arange(len(record))
    return np.concatenate([decisions.at(part) for part in np.array_split(places, max(len(record) // 5, 1))])


def trades_of(compared: Compared) -> NDArray[Any]:
    """Give all compared trades at once."""
    return np.concatenate(list(compared.rows()))
