"""Source: bytes that hold records, open as often as they are read: a file, or a member of an archive."""

from __future__ import annotations

import gzip
import io
import select
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from strategic_memory_server.replay.files.errors import ReplayError

HEAD_BYTES = 1 << 16
"""So much of a file says what it is."""

_WAIT_S = 0.5

MAX_WHOLE_BYTES = 1 << 30
"""Most bytes of a member that have to be held at once: Parquet, a workbook, a database within an archive."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where bytes are.

    Attributes:
        shown: what a message calls it: its path, and the member of an archive in brackets.
        size: number of bytes, of a member unpacked; 1 at least.
        open: opens it for reading, from its beginning.
        path: the file, where it is one by itself.
    """

    shown: str
    size: int
    open: Callable[[], IO[bytes]]
    path: Path | None = None

    def head(self) -> bytes:
        """Return the first bytes."""
        with self.open() as file:
            return file.read(HEAD_BYTES)

    def whole(self) -> Path | IO[bytes]:
        """Return what can be read at any place: the file, or the bytes of a member in memory.

        Raises:
            ReplayError: the member is too large.
        """
        if self.path is not None:
            return self.path
        with self.open() as file:
            held = file.read(MAX_WHOLE_BYTES + 1)
        if len(held) > MAX_WHOLE_BYTES:
            raise ReplayError(f"{self.shown}: is too large to be read from within an archive: unpack it")
        return io.BytesIO(held)


def source_of(path: Path) -> Source:
    """Return a file as a source; what is no file but a pipe is read at once."""
    if not path.is_file():
        with path.open("rb", buffering=0) as pipe:
            held = b"".join(iter(lambda: _arrived(pipe), b""))
        return Source(str(path), max(len(held), 1), lambda: io.BytesIO(held))
    return Source(str(path), max(path.stat().st_size, 1), lambda: path.open("rb"), path)


def _arrived(pipe: IO[bytes]) -> bytes:
    """Return what has arrived, empty at the end.

    A signal that comes just before a call that waits is handled after it: no call here waits without a bound.
    """
    while not select.select([pipe], [], [], _WAIT_S)[0]:
        pass
    return pipe.read(HEAD_BYTES)


def unpacked(source: Source) -> Source:
    """Return what a source packed by gzip holds."""
    path = source.path

    def opened() -> IO[bytes]:
        # A file that it opens itself it closes, too.
        return cast("IO[bytes]", gzip.GzipFile(path, "rb", fileobj=None if path else source.open()))

    return Source(source.shown, source.size * 4, opened)
