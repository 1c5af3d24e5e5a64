"""KeptHistory: what was said, kept in a file beside the data of a Redis that belongs to this service."""

from __future__ import annotations

import os
import re
from pathlib import Path

from strategic_memory_server.revisions.known_history import KnownHistory

_LINE = re.compile(rb"(?P<epoch>[A-Za-z0-9_-]{1,64}) (?P<revision>[0-9]{1,18}) *\n")
_WIDTH = 96


class KeptHistory(KnownHistory):
    """Knows after a start of the service what the one before has said at most.

    The newest revision is written down before anybody is told of it, and outlives every process, though not a power
    failure. A Redis that comes back with less has lost something, and another epoch begins.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises OSError."""
        super().__init__()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._kept = ("", 0)
        if found := _LINE.match(os.pread(self._file, _WIDTH + 1, 0)):
            self._kept = (found["epoch"].decode(), int(found["revision"]))
            super().observe(*self._kept)

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def observe(self, epoch: str, revision: int) -> None:
        """Take note as `KnownHistory` does, and write it down where it is news."""
        super().observe(epoch, revision)
        newest = (epoch, self.newest_of(epoch))
        if newest != self._kept:
            # One write of a fixed width: there is never half of it.
            os.pwrite(self._file, f"{epoch} {newest[1]}".ljust(_WIDTH).encode() + b"\n", 0)
            self._kept = newest
