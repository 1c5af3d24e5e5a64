"""Starts the project's commands from processes that have imported them already: each is a copy, and imports nothing.

Most of what a command takes is imports: half a second of a service, a third of one of a command that asks it. What is
started so runs the same command, in a process and a session of its own; what the kernel tells of it, and what signals
do to it, is as ever from its first statement on.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SERVICE_SETTINGS = ("STRATEGIC_MEMORY_", "REDIS_URL", "MEMORY_SYNC_", "OTEL_")
"""What variables that the service itself reads begin with. Others may be read while it is imported."""


@dataclass(frozen=True)
class Program:
    """What is imported before it is copied, and which variables are read later, by what they begin with."""

    package: str
    modules: tuple[str, ...]
    settings: tuple[str, ...]
    grpc_verbosity: str = "ERROR"
    """What the command itself sets before it imports gRPC."""


SERVICE = Program(
    "strategic_memory_server.cli",
    ("strategic_memory_server.cli.serve_command", "strategic_memory_server.cli.serving"),
    (*SERVICE_SETTINGS, "PYTHONUNBUFFERED"),
)
_OF_ANY_COMMAND = (
    *SERVICE_SETTINGS,
    "PYTHONUNBUFFERED",
    "TERM",
    "COLUMNS",
    "NO_COLOR",
    "HOME",
    "XDG_CONFIG_HOME",
    "PATH",
)
_OF_THE_SERVER = tuple(
    f"strategic_memory_server.cli.{name}"
    for name in (
        "doctor",
        "export_command",
        "import_command",
        "new_token",
        "prepare_redis",
        "probe",
        "rebuild_memory",
        "regimes",
        "replay",
        "reproduce_command",
        "shadow_report",
    )
)
COMMANDS = {
    "strategic-memory": Program(
        "strategic_memory_client.cli",
        ("strategic_memory_client.cli.application",),
        _OF_ANY_COMMAND,
        grpc_verbosity="NONE",
    ),
    "strategic-memory-server": Program(
        "strategic_memory_server.cli",
        ("strategic_memory_server.cli.commands", "strategic_memory_demo.command", *_OF_THE_SERVER),
        _OF_ANY_COMMAND,
    ),
}


class Copied:
    """A process that was copied, with as much of `subprocess.Popen` as tests need."""

    def __init__(self, pid: int, report: int) -> None:
        """`report` is the pipe that its exit code comes through."""
        self.pid = pid
        self.returncode: int | None = None
        self._report = report

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._code(0)

    def wait(self, timeout: float = 60.0) -> int:
        """Wait for its end; raises TimeoutExpired."""
        code = self._code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            # It may have ended by itself, and its end not have been told yet.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def _code(self, within_s: float) -> int | None:
        if self.returncode is not None:
            return self.returncode
        reported = select.poll()
        reported.register(self._report, select.POLLIN)
        if reported.poll(1000 * within_s):
            self.returncode = _number(self._report)
            os.close(self._report)
        return self.returncode


def can_start(program: Program, environment: Mapping[str, str]) -> bool:
    """Whether it may be a copy in this environment: only settings of its own differ from those of the tests."""
    return os.name == "posix" and _of_others(program, environment) == _of_others(program, os.environ)


def start_copy(
    program: Program,
    command: Sequence[str],
    environment: Mapping[str, str],
    streams: tuple[int, int, int],
    folder: Path = Path(),
) -> Copied:
    """Start a copy in `folder` with this standard input, output and error."""
    ignored = [
        number
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is signal.SIG_IGN
    ]
    asked = {
        "ignored": ignored,
        "environment": dict(environment),
        "command": list(command),
        "cwd": str(folder.absolute()),
    }
    report, reported = os.pipe()
    source = _source(program)
    line = f"{json.dumps(asked)}\n".encode()
    sent = socket.send_fds(source, [line], [*streams, reported])
    source.sendall(line[sent:])
    os.close(reported)
    return Copied(_number(report), report)


def _number(report: int) -> int:
    """Read one line and no more: the next one is the exit code."""
    line = b""
    while not line.endswith(b"\n"):
        read = os.read(report, 1)
        assert read, "the process that is copied has ended"
        line += read
    return int(line)


def _of_others(program: Program, environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(program.settings)}


@cache
def _source(program: Program) -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        source = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("warm_source.py")), program.package, *program.modules],
            stdin=theirs.fileno(),
            env={
                **_of_others(program, os.environ),
                "GRPC_VERBOSITY": program.grpc_verbosity,
                # No thread of numpy may be running in what is copied.
                "OPENBLAS_NUM_THREADS": "1",
            },
            start_new_session=True,
        )
    atexit.register(source.wait)
    atexit.register(ours.close)
    return ours
