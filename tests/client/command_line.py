"""Runs the command `strategic-memory` as users do: in a process of its own, piped or at a terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping

import commands
from commands import Ended, PipedCommand
from processes import command_path

_NAME = "strategic-memory"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without settings of the service, with a terminal of a known kind and width."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("STRATEGIC_MEMORY_")}
    return {**own, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1", **(extra or {})}


def command(*arguments: str) -> list[str]:
    """The command with arguments, as it is installed."""
    return [command_path(_NAME), *arguments]


def run(*arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Ended:
    """Run it piped, to its end."""
    return commands.run(_NAME, *arguments, environment=environment(env), stdin=stdin)


def start(*arguments: str) -> PipedCommand:
    """Start it piped."""
    return PipedCommand(_NAME, *arguments, environment=environment())


def run_at_terminal(*arguments: str) -> Ended:
    """Run it with a terminal as standard output, to its end."""
    return commands.run_at_terminal(_NAME, *arguments, environment=environment())
