"""Caps on leverage that cannot be read, or that are written where nobody reads them."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.inputs.leverage_caps import CAP_SOURCES


def check(examined: Examined) -> Iterator[Finding]:
    """Tell what is wrong with each input that can hold a cap."""
    for problem, sentence in examined.redis.problems.items():
        if problem.endswith(("_cap_misspelt", "_cap_unreadable")):
            named = next((source for source in CAP_SOURCES if source in sentence), CAP_SOURCES[0])
            show = examined.redis_cli("GETRANGE", examined.key(named), "0", "200")
            yield Finding("leverage_caps", Severity.CRITICAL, sentence, show)
