"""A program that runs to its end, and what that took."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class ProgramFailedError(RuntimeError):
    """The program did not end with exit code 0; the message carries what it wrote."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a run took.

    Attributes:
        elapsed_s: from start to end, seconds.
        cpu_s: processor time of the program and its children, seconds.
        peak_mib: the most memory that it held at once, MiB.
    """

    elapsed_s: float
    cpu_s: float
    peak_mib: float


def run_to_end(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Taken:
    """Run a program in a folder, with its output in `output.log` there.

    Raises:
        ProgramFailedError: it failed.
    """
    log = folder / "output.log"
    with log.open("wb") as output:
        started_s = time.perf_counter()
        process = subprocess.Popen(
            command, env=os.environ | dict(environment), cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
    elapsed_s = time.perf_counter() - started_s
    # It has been waited for already.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ProgramFailedError(f"{' '.join(command)} failed:\n{log.read_text(errors='replace')}")
    return Taken(elapsed_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
