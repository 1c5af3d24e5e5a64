"""Pnl of different units beside each other, within a stream or between two."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity

NAME = "mixed_units"


def check(examined: Examined) -> Iterator[Finding]:
    """Tell what the service tells of units."""
    if sentence := examined.redis.problems.get("units_mixed"):
        yield Finding(NAME, Severity.CRITICAL, sentence, examined.newest_of(sentence))
