"""Caps on leverage that cannot be read, or that are written where nobody reads them."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.inputs.leverage_caps import CAP_SOURCES
from strategic_memory_server.inputs.refused_inputs import refusals
from strategic_memory_server.memory.strategic_memory import SourceReport

NAME = "leverage_caps"


def check(examined: Examined) -> Iterator[Finding]:
    """Tell what is wrong with each input that can hold a cap."""
    redis = examined.redis
    misspelt = [sentence for problem, sentence in redis.problems.items() if problem.endswith("_cap_misspelt")]
    caps = {cap.source: f"its cap of {cap.value:g} holds" for cap in redis.memory.context.leverage_caps}
    unreadable = [
        _unreadable(report, caps.get(report.source, "no cap of it is in force"))
        for report in redis.memory.sources
        if report.source in CAP_SOURCES and report.rejected
    ]
    for sentence in (*unreadable, *misspelt):
        named = next((source for source in CAP_SOURCES if source in sentence), CAP_SOURCES[0])
        show = examined.redis_cli("GETRANGE", examined.key(named), "0", "200")
        yield Finding(NAME, Severity.CRITICAL, sentence, show)


def _unreadable(report: SourceReport, what_holds: str) -> str:
    return (
        f"{refusals([report], all_of_them=True)}, so {what_holds}: write it as docs/redis.md says (Caps on leverage), "
        "or delete the key if there is to be none"
    )
