"""A Redis that deletes keys when it is full, keeps nothing on disk, or has begun to delete."""

from __future__ import annotations

import time
from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.redis_access.redis_risks import has_evicted, may_evict, not_persistent


def check(examined: Examined) -> Iterator[Finding]:
    """Ask what the service asks; nothing is told where Redis may not be asked."""
    info, saves = examined.redis.info, examined.redis.saves
    if info is None:
        return
    evicts = may_evict(info)
    if evicted := info.get("evicted_keys", 0):
        severity = Severity.CRITICAL if evicts else Severity.WARNING
        yield Finding("redis_has_evicted", severity, has_evicted(evicted), examined.redis_cli("INFO", "stats"))
    if evicts:
        yield Finding(
            "redis_may_evict", Severity.WARNING, evicts, examined.redis_cli("CONFIG", "GET", "maxmemory-policy")
        )
    if not examined.settings.redis.is_in_memory and (sentence := not_persistent(info, saves, time.time())):
        yield Finding("redis_not_persistent", Severity.WARNING, sentence, examined.redis_cli("INFO", "persistence"))
