"""Runs the project's commands as users do: in a process of its own, piped or at a terminal.

A command is a copy of a process that has imported it (`warm_processes.py`), unless variables of others are in its
environment, or `anew` asks for the installed program itself.
"""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from processes import command_path
from warm_processes import COMMANDS, Copied, can_start, start_copy

TIMEOUT_S = 60.0
HERE = Path()


@dataclass(frozen=True)
class Ended:
    """How a run of a command ended."""

    code: int
    out: str
    err: str


class PipedCommand:
    """A command that runs, with pipes to all its streams, and as much of `subprocess.Popen` as tests need."""

    def __init__(
        self, *command: str, environment: Mapping[str, str] = os.environ, folder: Path = HERE, anew: bool = False
    ) -> None:
        """Start it: the name of the command, and its arguments. `folder` is where it works."""
        read_in, write_in = os.pipe()
        read_out, write_out = os.pipe()
        read_err, write_err = os.pipe()
        self._process = start(command, environment, (read_in, write_out, write_err), folder, anew=anew)
        for theirs in (read_in, write_out, write_err):
            os.close(theirs)
        self.stdin, self.stdout, self.stderr = os.fdopen(write_in, "w"), os.fdopen(read_out), os.fdopen(read_err)
        self.send_signal, self.kill = self._process.send_signal, self._process.kill

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pipe in (self.stdout, self.stderr, self.stdin):
            pipe.close()
        if kind is not None:
            self.kill()
        self.wait()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._process.poll()

    def wait(self, timeout: float = TIMEOUT_S) -> int:
        """Wait for its end; raises TimeoutExpired."""
        return self._process.wait(timeout)

    def communicate(self, text: str = "", timeout: float = TIMEOUT_S) -> tuple[str, str]:
        """Write `text`, and read everything that it says until its end; raises TimeoutError, and ends it."""
        with ThreadPoolExecutor(2) as readers:
            out, err = readers.submit(self.stdout.read), readers.submit(self.stderr.read)
            try:
                with suppress(BrokenPipeError), self.stdin:
                    self.stdin.write(text)
                return out.result(timeout), err.result(timeout)
            except TimeoutError:
                self._process.kill()
                raise


def start(
    command: tuple[str, ...],
    environment: Mapping[str, str],
    streams: tuple[int, int, int],
    folder: Path = HERE,
    *,
    anew: bool = False,
) -> Copied | subprocess.Popen[bytes]:
    """Start a command with this standard input, output and error."""
    name, *arguments = command
    path, program = command_path(name), COMMANDS[name]
    if not anew and can_start(program, environment):
        return start_copy(program, [path, *arguments], environment, streams, folder)
    stdin, stdout, stderr = streams
    return subprocess.Popen(
        [path, *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
    )


def run(
    *command: str,
    environment: Mapping[str, str] = os.environ,
    folder: Path = HERE,
    stdin: str = "",
    anew: bool = False,
) -> Ended:
    """Run a command piped, to its end."""
    with PipedCommand(*command, environment=environment, folder=folder, anew=anew) as process:
        out, err = process.communicate(stdin)
        return Ended(process.wait(), out, err)


def run_at_terminal(*command: str, environment: Mapping[str, str], folder: Path = HERE) -> Ended:
    """Run it with a terminal as standard output, to its end."""
    ours, theirs = pty.openpty()
    read_err, write_err = os.pipe()
    with Path(os.devnull).open("rb") as nothing:
        process = start(command, environment, (nothing.fileno(), theirs, write_err), folder)
    os.close(theirs)
    os.close(write_err)
    shown = b""
    # Linux tells by an error that the other side of a terminal is closed.
    with suppress(OSError):
        while chunk := os.read(ours, 65_536):
            shown += chunk
    os.close(ours)
    with os.fdopen(read_err) as error:
        return Ended(process.wait(TIMEOUT_S), shown.decode(), error.read())
