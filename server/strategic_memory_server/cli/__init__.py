"""The command `strategic-memory-server`."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

from strategic_memory_server.cli.installed import imported

EXIT_STOPPED = 0
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command, or say how to install what it needs."""
    # Importing takes most of a second. Being told to stop meanwhile is no failure; the command takes over from here.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stopped_before_the_start)
    imported("strategic_memory_server.cli.commands").app()


def _stopped_before_the_start(_number: int, _frame: object) -> NoReturn:
    if sys.argv[1:2] == ["replay"]:
        # Whoever waits for its report must not take an older one for it.
        sys.stderr.write("strategic-memory-server replay: interrupted; no report was written\n")
        raise SystemExit(EXIT_INTERRUPTED)
    raise SystemExit(EXIT_STOPPED)
