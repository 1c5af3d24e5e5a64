"""A program that is measured from outside: started, waited for until it serves, and ended by its process id."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from strategic_memory_server.embedded.guarded_process import GuardedProcess

READY_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0
_POLL_S = 0.01
_SETTINGS = ("STRATEGIC_MEMORY_", "MEMORY_SYNC_", "REDIS_URL")
_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED of the kernel, which clock_getcpuclockid(3) makes the clock of a process from
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


_Said: TypeAlias = Any


class ChildError(RuntimeError):
    """The program ended, or did not become ready; the message carries what it wrote."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running program that serves gRPC at `grpc_address`, and logs to a file."""

    pid: int
    grpc_address: str
    log: Path
    workers: tuple[int, ...] = ()

    def cpu_s(self) -> float:
        """Return the processor time it has used so far, seconds, with that of its workers."""
        return sum(self.cpus_s())

    def cpus_s(self) -> list[float]:
        """Return the same of each of its processes: the clock of the process, which counts nanoseconds."""
        return [time.clock_gettime((~pid << 3) | _PROCESS_CLOCK) for pid in (self.pid, *self.workers)]

    def resident_mib(self) -> float:
        """Return the memory that it holds, MiB, with that of its workers."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in (self.pid, *self.workers))
        return sum(pages) * _PAGE_BYTES / 2**20


@contextmanager
def running(program: Sequence[str], environment: Mapping[str, str]) -> Iterator[Child]:
    """Run a program that logs a JSON line with `grpc_address` once it serves; end it when the context is left.

    It does not see this process's own settings of the service, only `environment`.

    Raises:
        ChildError: it did not become ready.
    """
    inherited = [name for name in os.environ if name.startswith(_SETTINGS)]
    command = ["/usr/bin/env", *(f"--unset={name}" for name in inherited)]
    command += [f"{name}={value}" for name, value in environment.items()]
    with tempfile.TemporaryDirectory(prefix="strategic-memory-bench-") as folder:
        log = Path(folder) / "output.log"
        process = GuardedProcess([*command, *program], log_path=log, directory=Path(folder), remove_with_parent=True)
        try:
            address = str(_said(process, log, "grpc_address"))
            workers = _said(process, log, "pids") if int(environment.get("STRATEGIC_MEMORY_WORKERS", 1)) > 1 else ()
            yield Child(process.pid, address, log, tuple(workers))
        finally:
            process.terminate(STOP_WITHIN_S)


def _said(process: GuardedProcess, log: Path, name: str) -> _Said:
    """Return what a line of the log says under a name."""
    deadline = time.monotonic() + READY_WITHIN_S
    while process.exit_code() is None and time.monotonic() < deadline:
        for line in log.read_text(errors="replace").split("\n")[:-1]:
            if line.startswith("{") and (said := json.loads(line).get(name)):
                return said
        time.sleep(_POLL_S)
    raise ChildError(f"the program did not become ready; it wrote:\n{log.read_text(errors='replace')}")
