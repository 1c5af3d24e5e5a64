"""What a signal does while the program starts, and for as long as a command does not take over."""

from __future__ import annotations

import sys
from typing import NoReturn

EXIT_STOPPED = 0
EXIT_INTERRUPTED = 130

_INTERRUPTED = {
    # Whoever waits for its report must not take an older one for it.
    "replay": "no report was written",
    "export": "nothing was written",
    "import": "what is written stays, and running it again goes on from there",
}
"""What is said of a command of which something was to come; to stop any other is no failure."""

_stops: list[SystemExit] = []


def stop(_number: int, _frame: object) -> NoReturn:
    """End the program, as a handler of signals.

    Raises:
        SystemExit: always.
    """
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if not _stops:
        if said := _INTERRUPTED.get(command):
            sys.stderr.write(f"strategic-memory-server {command}: interrupted; {said}\n")
        _stops.append(SystemExit(EXIT_INTERRUPTED if command in _INTERRUPTED else EXIT_STOPPED))
    raise _stops[0]


def end_if_stopped() -> None:
    """End the program if that was asked for: a signal that meets Python tidying up after an import is lost.

    Raises:
        SystemExit: it was.
    """
    if _stops:
        raise _stops[0]
