"""The command `strategic-memory-server`."""

from __future__ import annotations

import importlib
import signal
import sys
from typing import NoReturn

EXIT_STOPPED = 0
EXIT_NOT_INSTALLED = 2
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command, or say how to install what it needs."""
    # Importing takes most of a second. Being told to stop meanwhile is no failure; the command takes over from here.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stopped_before_the_start)
    try:
        commands = importlib.import_module("strategic_memory_server.cli.commands")
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("strategic_memory"):
            raise
        sys.stderr.write(
            f"strategic-memory-server needs {missing.name}, which is not installed: "
            "pip install 'strategic-memory[server]'\n"
        )
        raise SystemExit(EXIT_NOT_INSTALLED) from None
    commands.app()


def _stopped_before_the_start(_number: int, _frame: object) -> NoReturn:
    if sys.argv[1:2] == ["replay"]:
        # Whoever waits for its report must not take an older one for it.
        sys.stderr.write("strategic-memory-server replay: interrupted; no report was written\n")
        raise SystemExit(EXIT_INTERRUPTED)
    raise SystemExit(EXIT_STOPPED)
