"""Numbers written as numpy shows its scalars."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.entries.notes import NUMPY_SCALAR


def check(examined: Examined) -> Iterator[Finding]:
    """Tell each stream with such text: it is read as what it means, and other readers of it may not do that."""
    for report in examined.redis.memory.sources:
        if entries := report.noted.get(NUMPY_SCALAR, 0):
            example = report.examples.get(NUMPY_SCALAR)
            shown = f", such as {example}" if example else ""
            yield Finding(
                "numpy_text",
                Severity.WARNING,
                f"{entries} entries of {report.source} hold text that numpy writes for its scalars{shown}: it is read, "
                "but let the producer write float(value), or use strategic_memory_producer",
                examined.newest(report.source),
            )
