"""Standard input and output of a command: closed ones are nothing, and one that cannot be written is told in a line."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import click


def open_streams() -> None:
    """Give the process something to read and to write where it was started without, and tell what cannot be written."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115  open until the process ends
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  see above
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  see above
    elif isinstance(sys.stdout, io.TextIOWrapper):
        given = sys.stdout
        to = os.fdopen(given.fileno(), "wb", closefd=False)
        sys.stdout = _Output(to, given.encoding, given.errors, line_buffering=given.isatty())


def flush_output() -> None:
    """Write out what was said; ends the process with a line where that fails."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go()
    except click.ClickException as failed:
        failed.show()
        raise SystemExit(failed.exit_code) from None


class _Output(io.TextIOWrapper):
    """Standard output whose failures are none of the connection, file or Redis that a command works with."""

    def write(self, text: str) -> int:
        """Write text. Raises ClickException where it cannot be written."""
        try:
            return super().write(text)
        except OSError as error:
            raise _failure(error) from None

    def flush(self) -> None:
        """Write out what is held. Raises ClickException where it cannot be written."""
        try:
            super().flush()
        except OSError as error:
            raise _failure(error) from None


def _failure(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):  # whoever read it has seen enough, which click knows
        return error
    _let_go()
    return click.ClickException(f"the output cannot be written: {error.strerror or error}")


def _let_go() -> None:
    """Send what is still to be flushed nowhere, so that the end of the interpreter is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
