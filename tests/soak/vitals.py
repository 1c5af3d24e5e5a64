"""What a server takes of its machine over time, and whether that has grown."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look at a process: memory, MiB; threads; file descriptors."""

    memory_mib: float
    threads: int
    descriptors: int


def vitals_of(pid: int) -> Vitals:
    """Look at a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"(VmRSS|Threads):\s+(\d+)", status))
    open_ones = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Vitals(int(found["VmRSS"]) / 1024, int(found["Threads"]), open_ones)


@dataclass(frozen=True, slots=True)
class Course:
    """How one of them went: medians of the first third and of the last, and what it may grow by."""

    server: str
    what: str
    first: float
    last: float
    most_growth: float

    @property
    def has_grown(self) -> bool:
        """Whether there is more at the end, and that by more than chance."""
        return self.last - self.first > self.most_growth


# Memory that a flood has freed is not given back as a whole, and the heap of a server settles for minutes.
_MEASURES: Sequence[tuple[str, Callable[[Vitals], float], Callable[[float], float]]] = (
    ("memory, MiB", lambda each: each.memory_mib, lambda first: max(0.2 * first, 20.0)),
    ("threads", lambda each: each.threads, lambda _: 2.0),
    ("descriptors", lambda each: each.descriptors, lambda _: 6.0),
)


def courses(server: str, samples: Sequence[Vitals]) -> list[Course]:
    """Compare the first third of the samples of a server with the last."""
    third = max(len(samples) // 3, 1)
    found = []
    for what, measure, growth in _MEASURES:
        first = statistics.median(measure(each) for each in samples[:third])
        last = statistics.median(measure(each) for each in samples[-third:])
        found.append(Course(server, what, first, last, growth(first)))
    return found
