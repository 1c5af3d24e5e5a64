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

from strategic_memory_server.embedded.guarded_process import GuardedProcess

READY_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0
_POLL_S = 0.01
_SETTINGS = ("STRATEGIC_MEMORY_", "MEMORY_SYNC_", "REDIS_URL")
_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED of the kernel, which clock_getcpuclockid(3) makes the clock of a process from
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class ChildError(RuntimeError):
    """The program ended, or did not become ready; the message carries what it wrote."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running program that serves gRPC at `grpc_address`, and logs to a file."""

    pid: int
    grpc_address: str
    log: Path

    def cpu_s(self) -> float:
        """Return the processor time it has used so far, seconds: the clock of the process, which counts nanoseconds."""
        return time.clock_gettime((~self.pid << 3) | _PROCESS_CLOCK)

    def resident_mib(self) -> float:
        """Return the memory that it holds, MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * _PAGE_BYTES / 2**20


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
            yield Child(process.pid, _address(process, log), log)
        finally:
            process.terminate(STOP_WITHIN_S)


def _address(process: GuardedProcess, log: Path) -> str:
    deadline = time.monotonic() + READY_WITHIN_S
    while process.exit_code() is None and time.monotonic() < deadline:
        for line in log.read_text(errors="replace").split("\n")[:-1]:
            if line.startswith("{") and (address := json.loads(line).get("grpc_address")):
                return str(address)
        time.sleep(_POLL_S)
    raise ChildError(f"the program did not become ready; it wrote:\n{log.read_text(errors='replace')}")
