"""Runs the command `strategic-memory` as users do: in a process of its own, piped or at a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from processes import command_path

_TIMEOUT_S = 60


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    code: int
    out: str
    err: str


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without settings of the service, with a terminal of a known kind and width."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("STRATEGIC_MEMORY_")}
    return {**own, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1", **(extra or {})}


def command(*arguments: str) -> list[str]:
    """The command with arguments."""
    return [command_path("strategic-memory"), *arguments]


def run(*arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Ended:
    """Run it piped, to its end."""
    done = subprocess.run(
        command(*arguments),
        input=stdin,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start it piped."""
    return subprocess.Popen(
        command(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run_at_terminal(*arguments: str) -> Ended:
    """Run it with a terminal as standard output, to its end."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command(*arguments), env=environment(), stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65_536)
            except OSError:
                break  # how Linux tells that the other side of a terminal is closed
            if not chunk:
                break
            shown += chunk
        error = process.stderr.read() if process.stderr else b""
        code = process.wait(_TIMEOUT_S)
    os.close(ours)
    return Ended(code, shown.decode(), error.decode())
