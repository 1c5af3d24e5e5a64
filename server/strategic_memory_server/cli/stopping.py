"""What a signal does while the program starts, and for as long as a command does not take over."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_STOPPED = 0
EXIT_INTERRUPTED = 130

_INTERRUPTED = {
    # Whoever waits for its report must not take an older one for it.
    "replay": "no report was written",
    # A signal may come when the folder has just been put in its place.
    "export": "the folder is whole, or nothing of it is there",
    "import": "what is written stays, and running it again goes on from there",
}
"""What is said of a command of which something was to come."""

_UNTIL_STOPPED = {"serve", "demo"}
"""Commands that run for as long as they are not stopped, as `regimes --publish` does: to stop them is no failure."""

_imported = threading.Event()
"""Set once the modules of the command are imported, and it has something to tidy up."""


def stop(_number: int, _frame: object) -> None:
    """End the program, as a handler of signals.

    While modules are imported there is nothing to tidy up, and an exception is not sure to end anything: Python drops
    one that is raised in a callback of its own, and makes another of one in the body of a class.

    Raises:
        SystemExit: always, once the modules are imported.
    """
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if said := _INTERRUPTED.get(command):
        sys.stderr.write(f"strategic-memory-server {command}: interrupted; {said}\n")
    code = EXIT_STOPPED if command in _UNTIL_STOPPED or "--publish" in sys.argv else EXIT_INTERRUPTED
    if not _imported.is_set():
        sys.stderr.flush()
        os._exit(code)
    raise SystemExit(code)


def all_is_imported() -> None:
    """Take that the command begins: from now on it is stopped by an exception, and tidies up."""
    _imported.set()


@contextmanager
def importing() -> Iterator[None]:
    """Import more, while there is nothing to tidy up."""
    _imported.clear()
    try:
        yield
    finally:
        _imported.set()
