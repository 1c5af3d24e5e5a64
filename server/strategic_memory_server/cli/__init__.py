"""The command `strategic-memory-server`."""

from __future__ import annotations

import importlib
import sys

EXIT_NOT_INSTALLED = 2


def main() -> None:
    """Run the command, or say how to install what it needs."""
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
