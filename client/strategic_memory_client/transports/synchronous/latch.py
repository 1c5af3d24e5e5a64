"""A latch: set once, waited for by many. A signal handler may set it in the middle of a wait of its own thread."""

from __future__ import annotations

import threading
from contextlib import suppress


class Latch:
    """Unlike `threading.Event` it holds no lock that an interrupted thread could have left held."""

    __slots__ = ("_gate", "_is_set")

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._gate.acquire()
        self._is_set = False

    def is_set(self) -> bool:
        """Tell whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Set it. Any number of times, from any thread."""
        if not self._is_set:
            self._is_set = True
            self._open()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is set, at most `timeout_s` seconds; tell whether it is."""
        if self._gate.acquire(timeout=max(0.0, timeout_s)):
            self._open()  # for the next one who waits
        return self._is_set

    def _open(self) -> None:
        with suppress(RuntimeError):  # two set it at the same moment, and it is open already
            self._gate.release()
