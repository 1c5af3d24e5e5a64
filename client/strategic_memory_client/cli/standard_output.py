"""Standard output as scripts and terminals need it: line by line, and with a reader that may go away."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from strategic_memory_client.cli.exit_codes import ExitCode


def open_missing_streams() -> None:
    """Give a process that was started without stdin, stdout or stderr somewhere to read and write: nowhere."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - it stays open until the process ends
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it stays open until the process ends
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it stays open until the process ends


def write_line(line: str) -> None:
    """Write one line at once. Raises BrokenPipeError when nobody reads any more."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def write_answer(line: str) -> None:
    """Write the line of a command whose exit code tells the rest, also where nobody reads the line any more."""
    try:
        write_line(line)
    except BrokenPipeError:
        let_go_of_stdout()


def is_terminal() -> bool:
    """Tell whether a person reads the output."""
    return sys.stdout.isatty()


def require_reader() -> None:
    """Raise BrokenPipeError when nobody reads any more, even though there is nothing to write yet."""
    if not hasattr(select, "poll"):
        return
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if any(happened & (select.POLLERR | select.POLLNVAL) for _, happened in poll.poll(0)):
        raise BrokenPipeError


def let_go_of_stdout() -> None:
    """Send what is still to be flushed nowhere, so that the end of the interpreter is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def end_process(code: str | int | None) -> NoReturn:
    """Write out what was said and end the process at once, as `sys.exit(code)` would in its own time.

    The interpreter would first take down threads that read from a server: while it does, one that is in the middle of
    something complains or, rarely, holds everything up.
    """
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        code = 1
    for stream in (sys.stdout, sys.stderr):
        # A signal may have come in the middle of a write, which cannot be flushed then.
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            stream.flush()
    os._exit(code or 0)


def end_on_interrupt() -> None:
    """End the process at once when Ctrl-C is pressed.

    As an exception it could be lost: where it is raised inside a callback or a finaliser, it is only reported there.
    """

    def interrupted(number: int, frame: FrameType | None) -> NoReturn:
        end_process(ExitCode.INTERRUPTED)

    signal.signal(signal.SIGINT, interrupted)
