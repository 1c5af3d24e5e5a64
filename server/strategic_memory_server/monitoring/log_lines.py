"""LogLines: writes the lines of the log, and goes on where they cannot be written.

The disk can be full, and whoever reads the pipe can have gone away. That must not end a sync or the service, so nothing
is raised; the failure and the number of lost lines are kept for health.
"""

from __future__ import annotations

import contextlib
import os
import threading


class LogLines:
    """Writes each line at once, unbuffered: structlog's logger, and what health asks.

    Args:
        descriptor: the open file to write to.
    """

    def __init__(self, descriptor: int) -> None:
        self.failure: str | None = None
        """Why lines cannot be written just now; None while they can."""
        self.lost = 0
        """Lines that were lost so far."""
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._is_torn = False

    def msg(self, line: str) -> None:
        """Write a line. Nothing is raised."""
        with self._lock:
            try:
                self._write((("\n" if self._is_torn else "") + line + "\n").encode(errors="backslashreplace"))
            except OSError as error:
                self.lost += 1
                self._failed(error.strerror or type(error).__name__)
            else:
                self.failure = None

    log = debug = info = warn = warning = msg
    fatal = err = error = critical = exception = msg

    def problem(self) -> str | None:
        """Tell that lines are being lost, why and how many; None while they can be written."""
        return f"{self.failure}; {self.lost} lines were lost" if self.failure else None

    def _write(self, rest: bytes) -> None:
        while rest:
            written = os.write(self._descriptor, rest)
            self._is_torn = rest[written - 1 : written] != b"\n"
            rest = rest[written:]

    def _failed(self, failure: str) -> None:
        if failure != self.failure:
            with contextlib.suppress(OSError):
                os.write(2, f"strategic-memory-server: the log cannot be written: {failure}\n".encode())
        self.failure = failure
