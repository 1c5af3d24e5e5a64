"""A process that has imported a command already, and copies itself for each start of it that it is asked for.

Run with the package whose `main` is the command, and the modules to import. It is asked through the socket that is its
standard input: a line of JSON, together with what is to be standard input, output and error of the copy, and with a
pipe, into which come the process id and, once the copy has ended, its exit code.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
from typing import Any

_TOLD = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Signals that a process is told to end by."""


def copy_whenever_asked(asking: socket.socket) -> bool:
    """Return in each copy, with True; in the process that is copied at its end, with False."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    reports: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([asking.fileno(), wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _report_the_ended(reports)
        if asking.fileno() in ready:
            asked, files = _asked(asking)
            if not asked:
                return False
            pid = os.fork()
            if pid == 0:
                for number in (wake, woken, *reports.values()):
                    os.close(number)
                _become(asked, files)
                return True
            *streams, reports[pid] = files
            for number in streams:
                os.close(number)


def _asked(asking: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Read one line; whoever asks waits for the answer before the next, so that nothing follows it."""
    line, files, _, _ = socket.recv_fds(asking, 65_536, 4)
    while line and not line.endswith(b"\n"):
        line += asking.recv(65_536)
    return (json.loads(line) if line else {}), files


def _report_the_ended(reports: dict[int, int]) -> None:
    for pid in list(reports):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            report = reports.pop(pid)
            with contextlib.suppress(BrokenPipeError):  # nobody asks any more
                os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os.close(report)


def _become(asked: dict[str, Any], files: list[int]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for told in _TOLD:
        # What the tests ignore just now, not what they ignored when this process was started (nohup).
        as_ever = signal.default_int_handler if told == signal.SIGINT else signal.SIG_DFL
        signal.signal(told, signal.SIG_IGN if told in asked["ignored"] else as_ever)
    os.setsid()
    *streams, report = files
    # Whoever asked may signal its group from now on.
    os.write(report, f"{os.getpid()}\n".encode())
    os.close(report)
    os.chdir(asked["cwd"])
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = asked["command"]
    assert isinstance(sys.stdout, io.TextIOWrapper)
    # As an interpreter that starts: at once where a person reads, or where that is asked for.
    at_once = bool(os.environ.get("PYTHONUNBUFFERED")) or sys.stdout.isatty()
    sys.stdout.reconfigure(line_buffering=at_once, write_through=at_once)


def _main() -> None:
    package, *modules = sys.argv[1:]
    command = importlib.import_module(package)
    for module in modules:
        importlib.import_module(module)
    asking = socket.socket(fileno=os.dup(0))
    # What is collected never is copied never.
    gc.collect()
    gc.freeze()
    with asking:
        copied = copy_whenever_asked(asking)
    if copied:
        sys.exit(command.main())


if __name__ == "__main__":
    _main()
