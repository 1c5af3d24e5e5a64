"""The lease goes from server to server: each change costs a moment without anybody who publishes."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.revisions.log_keys import LogKeys

FEWEST = 2
"""One takeover while it is watched may be a restart."""


def check(examined: Examined) -> Iterator[Finding]:
    """Count how often the lease was taken anew while it was watched."""
    log, keys = examined.redis.log, LogKeys.under(examined.settings.redis.key_prefix)
    if log.takeovers >= FEWEST:
        yield Finding(
            "lease_flaps",
            Severity.CRITICAL,
            f"the lease was taken {log.takeovers} times in {log.watched_s:g} s: servers lose it again and again. Their "
            "logs say why; a Redis that is too slow for STRATEGIC_MEMORY_LEASE, or a program that deletes the key, is "
            "the usual cause",
            examined.redis_cli("GET", keys.lease),
        )
