"""What processes and Redis take of the machine over a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

_PROCESS_CLOCK = 2
"""CPUCLOCK_SCHED of the kernel, of which clock_getcpuclockid(3) makes the clock of a process."""


def cpu_s(pids: Sequence[int]) -> float:
    """Return the processor time that processes have used so far, seconds."""
    return sum(time.clock_gettime((~pid << 3) | _PROCESS_CLOCK) for pid in pids)


def resident_mib(pids: Sequence[int]) -> float:
    """Return the memory that processes hold, MiB."""
    lines = (line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def descriptors(pids: Sequence[int]) -> int:
    """Return how many files and connections processes have open."""
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)


def commands(clients: Sequence[redis.Redis]) -> int:
    """Return how many commands Redis has carried out so far, those inside scripts too."""
    found: list[Any] = [client.info("commandstats") for client in clients]
    return sum(int(each["calls"]) for stats in found for each in stats.values())


@dataclass(frozen=True, slots=True)
class Load:
    """Shares of a core, and commands a second."""

    servers: float
    redis: float
    commands: float


class Taken:
    """Looks at processes from its making on.

    Args:
        servers: ids of the processes that serve.
        redis_pids: ids of those of Redis.
        clients: a client of each Redis.
    """

    def __init__(self, servers: Sequence[int], redis_pids: Sequence[int], clients: Sequence[redis.Redis]) -> None:
        self._servers, self._redis, self._clients = list(servers), list(redis_pids), list(clients)
        self._before = self._look()

    def load(self) -> Load:
        """Return what was taken since, a second."""
        at_s, servers, redis_s, sent = (now - then for now, then in zip(self._look(), self._before, strict=True))
        return Load(servers / at_s, redis_s / at_s, sent / at_s)

    def _look(self) -> tuple[float, float, float, int]:
        return time.monotonic(), cpu_s(self._servers), cpu_s(self._redis), commands(self._clients)
