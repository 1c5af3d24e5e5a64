"""Starts services from a process that has imported the service already: each is a copy of it, and imports nothing.

Half a second of every start is imports. A service that is started so runs the same command, in a process and a session
of its own; what the kernel tells of it, and what signals do to it, is as ever from its first statement on.

Run as a program it is that process: it reads a line of JSON for each start from stdin, answers with the process id, and
writes the exit code of each into the file that the start named.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

SERVICE_SETTINGS = ("STRATEGIC_MEMORY_", "REDIS_URL", "MEMORY_SYNC_", "OTEL_")
"""What variables that the service itself reads begin with. Others may be read while it is imported."""

_TOLD = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Signals that a service is told to end by."""


def can_start(environment: Mapping[str, str]) -> bool:
    """Whether a service in this environment may be a copy: only settings of its own differ from those of the tests."""
    return os.name == "posix" and _of_others(environment) == _of_others(_environment())


def start(environment: Mapping[str, str], command: Sequence[str], stdout: Path, stderr: Path, ended: Path) -> int:
    """Start a service; gives its process id. Its exit code, as `subprocess` tells it, comes into the file `ended`."""
    source = _source()
    assert source.stdin is not None
    assert source.stdout is not None
    for file in (stdout, stderr):
        file.touch()
    ignored = [number for number in _TOLD if signal.getsignal(number) is signal.SIG_IGN]
    asked = {"ignored": ignored, "environment": dict(environment), "command": list(command), "cwd": str(Path.cwd())}
    files = {"stdout": str(stdout), "stderr": str(stderr), "ended": str(ended)}
    source.stdin.write(json.dumps({**asked, **files}) + "\n")
    source.stdin.flush()
    return int(source.stdout.readline())


def _of_others(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(SERVICE_SETTINGS)}


def _environment() -> dict[str, str]:
    return {**_of_others(os.environ), "PYTHONUNBUFFERED": "1"}


@cache
def _source() -> subprocess.Popen[str]:
    source = subprocess.Popen(
        [sys.executable, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # No thread of numpy may be running in what is copied.
        env={**_environment(), "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    )
    atexit.register(source.communicate)
    return source


def _start_what_is_asked_for() -> None:
    for module in ("serve_command", "serving"):
        importlib.import_module(f"strategic_memory_server.cli.{module}")
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    ended: dict[int, Path] = {}
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _tell_of_the_ended(ended)
        if 0 in ready:
            line = _line()
            if not line:
                return
            asked = json.loads(line)
            pid = os.fork()
            if pid == 0:
                os.close(wake)
                os.close(woken)
                _serve(asked)
            ended[pid] = Path(asked["ended"])


def _line() -> bytes:
    """Read one line; whoever asks waits for the answer before the next, so that nothing follows it."""
    line = b""
    while not line.endswith(b"\n") and (read := os.read(0, 65_536)):
        line += read
    return line


def _tell_of_the_ended(ended: dict[int, Path]) -> None:
    for pid in list(ended):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            file = ended.pop(pid)
            whole = file.with_suffix(".new")
            whole.write_text(str(os.waitstatus_to_exitcode(status)))
            whole.replace(file)


def _serve(asked: dict[str, Any]) -> NoReturn:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for told in _TOLD:
        # What the tests ignore just now, not what they ignored when this process was started (nohup).
        signal.signal(told, signal.SIG_IGN if told in asked["ignored"] else signal.SIG_DFL)
    os.setsid()
    # Whoever asked may signal its group from now on.
    os.write(1, f"{os.getpid()}\n".encode())
    os.chdir(asked["cwd"])
    for number, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, asked["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, asked["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(name, flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = asked["command"]
    try:
        importlib.import_module("strategic_memory_server.cli").main()
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    os._exit(0)


if __name__ == "__main__":
    _start_what_is_asked_for()
