"""Redis takes no writes: it is a replica or full, or cannot save or replicate what is written."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity

_CURES = {
    "OutOfMemoryError": ". Free memory, or raise its maxmemory",
    "NOREPLICAS": ". See to its replicas, or lower its min-replicas-to-write",
    "MISCONF": ". See to its disk",
}
"""What to do, by what Redis says; a replica says it itself."""


def check(examined: Examined) -> Iterator[Finding]:
    """Tell why, as Redis says it."""
    if why := examined.redis.no_writes.rstrip("."):
        cure = next((cure for said, cure in _CURES.items() if said in why), "")
        sentence = f"Redis takes no writes, so nothing can be published: {why}{cure}"
        yield Finding("takes_no_writes", Severity.CRITICAL, sentence, examined.redis_cli("INFO"))
