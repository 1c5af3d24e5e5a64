"""Spool: rows of numbers that are written once and read in pieces, in memory while they are few, else in a file.

The file has no name: it is taken out of its folder as soon as it is open, so that nothing stays behind however the
process ends. What it holds is read with plain reads, not mapped into memory, so that it counts as no memory.
"""

from __future__ import annotations

import errno
import io
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.replay.errors import ReplayError

PIECE_ROWS = 1 << 16
"""Rows that are read at once."""

MOST_MEMORY_BYTES = 1 << 22
"""A spool that is larger goes into a file."""

Rows = NDArray[Any]
"""Rows of named fields: a structured array."""


class Storage:
    """Makes spools.

    Args:
        folder: where their files are.
        piece_rows: rows that are read at once.
        most_memory_bytes: a spool that is larger goes into a file.
    """

    def __init__(self, folder: Path, piece_rows: int = PIECE_ROWS, most_memory_bytes: int = MOST_MEMORY_BYTES) -> None:
        self.folder = folder
        self.piece_rows = piece_rows
        self.most_memory_bytes = most_memory_bytes

    def spool(self, fields: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]]) -> Spool:
        """Make an empty spool; `fields` are name, type and shape of each, as numpy's dtype takes them."""
        return Spool(self, np.dtype(fields))

    def file(self) -> IO[bytes]:
        """Open a file without a name.

        Raises:
            ReplayError: none can be made.
        """
        try:
            return tempfile.TemporaryFile(dir=self.folder, buffering=0)
        except OSError as error:
            raise self.failure(error) from None

    def failure(self, error: OSError) -> ReplayError:
        """Give the error to raise for one of the system."""
        what = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return ReplayError(
                f"{self.folder}: no room for temporary files: {what}; free some 250 bytes for each row, or name "
                "another folder with TMPDIR or --temporary-folder"
            )
        return ReplayError(
            f"{self.folder}: temporary files cannot be written there: {what}; name a folder that can be written with "
            "TMPDIR or --temporary-folder"
        )


class Spool:
    """Rows in the order in which they were added.

    Args:
        storage: where they go.
        dtype: their fields.
    """

    def __init__(self, storage: Storage, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._storage = storage
        self._file: IO[bytes] = io.BytesIO()
        self._in_memory = True
        self._rows = 0
        self._close = weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: Rows) -> None:
        """Add rows at the end.

        Raises:
            ReplayError: there is no room, or no file can be made.
        """
        content = rows.astype(self.dtype, copy=False).tobytes()
        if self._in_memory and self._rows * self.dtype.itemsize + len(content) > self._storage.most_memory_bytes:
            self._to_file()
        self._file.seek(0, io.SEEK_END)
        self._write(content)
        self._rows += rows.size

    def read(self, start: int, rows: int) -> Rows:
        """Give some rows, at most so many, from a place on. They cannot be written to."""
        self._file.seek(start * self.dtype.itemsize)
        wanted = max(min(rows, self._rows - start), 0) * self.dtype.itemsize
        try:
            content = self._file.read(wanted)
            while len(content) < wanted and (more := self._file.read(wanted - len(content))):
                content += more
        except OSError as error:
            raise self._storage.failure(error) from None
        return np.frombuffer(content, dtype=self.dtype)

    def pieces(self) -> Iterator[Rows]:
        """Give all rows, some at a time."""
        for start in range(0, self._rows, self._storage.piece_rows):
            yield self.read(start, self._storage.piece_rows)

    def _to_file(self) -> None:
        held, file = self._file, self._storage.file()
        self._close.detach()
        self._close = weakref.finalize(self, file.close)
        self._file, self._in_memory = file, False
        held.seek(0)
        self._write(held.read())

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise self._storage.failure(error) from None
