"""Ids of entries that are no times in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.entries.openings import EARLIEST_MS

NAME = "stream_ids"


def check(examined: Examined) -> Iterator[Finding]:
    """Tell ids that lie ahead of the clock of Redis, as the service does, and ids that lie before every market."""
    if sentence := examined.redis.problems.get("ids_in_future"):
        yield Finding(NAME, Severity.CRITICAL, sentence, examined.newest_of(sentence))
    for source, stream in examined.redis.streams.items():
        if stream.length and stream.last[0] < EARLIEST_MS:
            said = (
                f"the newest id of {examined.key(source)} is {stream.last[0]}-{stream.last[1]}, which is no time in "
                "milliseconds: entries of other streams take their regime by such ids. Let Redis give them (XADD … *)"
            )
            yield Finding(NAME, Severity.CRITICAL, said, examined.newest(source))
