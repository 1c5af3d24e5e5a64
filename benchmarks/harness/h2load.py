"""h2load (of nghttp2), a load generator in C: an empty request of a gRPC method again and again, by many clients."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Collection
from dataclasses import dataclass

from benchmarks.harness.http2 import PREFIX_BYTES

PROGRAM = "h2load"
_RUN_WITHIN_S = 60.0
_FINISHED = re.compile(r"finished in [\d.]+\w+, ([\d.]+) req/s")
_REQUESTS = re.compile(r"(\d+) succeeded, (\d+) failed, (\d+) errored")
_DATA = re.compile(r"\((\d+)\) data")


class LoadError(RuntimeError):
    """It could not be run, or calls were not answered as they should be."""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a run.

    Attributes:
        answered: calls that were answered.
        per_s: the same, a second.
        cpu_s: processor time that the load generator took, seconds.
    """

    answered: int
    per_s: float
    cpu_s: float


def is_there() -> bool:
    """Tell whether it is installed, and a tool that binds it to cores."""
    return shutil.which(PROGRAM) is not None and shutil.which("taskset") is not None


def on_cores(cores: Collection[int]) -> list[str]:
    """Return what a command begins with that may run on these cores alone; none: on all."""
    return ["taskset", "--cpu-list", ",".join(str(core) for core in sorted(cores))] if cores else []


def load(address: str, method: str, least_bytes: int, clients: int, seconds: int, cores: Collection[int]) -> Load:
    """Let so many clients, each on a connection of its own, ask again as soon as they are answered, for so long.

    Args:
        address: host:port.
        method: "/package.Service/Method".
        least_bytes: least length of the message that each call must return.
        clients: how many.
        seconds: how long, a whole number.
        cores: which ones it may use.

    Raises:
        LoadError: a call failed, or was answered with less.
    """
    with tempfile.NamedTemporaryFile() as empty:
        # A gRPC message without a byte.
        empty.write(bytes(PREFIX_BYTES))
        empty.flush()
        command = [
            *on_cores(cores), PROGRAM, f"--clients={clients}", "--max-concurrent-streams=1", "--threads=1",
            f"--duration={seconds}", f"--data={empty.name}", "--header=content-type: application/grpc",
            "--header=te: trailers", f"http://{address}{method}",
        ]  # fmt: skip
        before_s = _children_s()
        done = subprocess.run(command, capture_output=True, text=True, timeout=_RUN_WITHIN_S, check=False)
    finished, requests, data = (each.search(done.stdout) for each in (_FINISHED, _REQUESTS, _DATA))
    if done.returncode or not (finished and requests and data):
        raise LoadError(f"h2load has failed:\n{done.stdout}{done.stderr}")
    answered, failed, errored = (int(number) for number in requests.groups())
    if failed or errored or int(data[1]) < answered * (PREFIX_BYTES + least_bytes):
        raise LoadError(f"calls were not answered with {least_bytes} bytes:\n{done.stdout}")
    return Load(answered, float(finished[1]), _children_s() - before_s)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
