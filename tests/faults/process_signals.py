"""Faults of a process as a whole: killed at once, or frozen for a while."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from processes import eventually, process_is_gone

_STOPPED_WITHIN_S = 30.0
_GONE_WITHIN_S = 30.0

# It wakes the process when the pipe that only we hold open closes, whatever becomes of us.
_WAKE_AFTER_US = 'read -r nothing; kill -CONT "$1" 2>/dev/null'


def kill_9(pid: int) -> None:
    """End a process with SIGKILL, and wait until it is gone (a child of ours: until it waits to be reaped).

    One that is gone already is left alone. Fails the test when it stays.
    """
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: process_is_gone(pid), _GONE_WITHIN_S, what=f"process {pid} is gone")


class Suspension:
    """A process that is frozen (SIGSTOP): its connections stay open, and nothing is read, written or answered.

    It is woken by `end`, by itself after `at_most_s`, or when the tests end, whichever comes first.
    """

    def __init__(self, pid: int, at_most_s: float) -> None:
        """Freeze the process, and wait until it is frozen. Raises ProcessLookupError when there is none."""
        self._pid = pid
        self._guard = subprocess.Popen(["/bin/sh", "-c", _WAKE_AFTER_US, "wake", str(pid)], stdin=subprocess.PIPE)
        self._timer = threading.Timer(at_most_s, self._wake)
        self._timer.daemon = True
        try:
            os.kill(pid, signal.SIGSTOP)
            eventually(lambda: is_stopped(pid), _STOPPED_WITHIN_S, what=f"process {pid} is frozen")
            # Not before: a short time could pass before anybody has seen it frozen.
            self._timer.start()
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Wake the process, by way of the guard. May be called again, and when the process is gone."""
        self._timer.cancel()
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard.wait()

    def _wake(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGCONT)


@contextmanager
def suspended(pid: int, at_most_s: float = 30.0) -> Iterator[Suspension]:
    """Freeze a process while the context is open, at most so many seconds."""
    suspension = Suspension(pid, at_most_s)
    try:
        yield suspension
    finally:
        suspension.end()


def is_stopped(pid: int) -> bool:
    """Whether a process is frozen; one that is gone is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (FileNotFoundError, ProcessLookupError):
        return False
