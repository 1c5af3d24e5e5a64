"""The user of REDIS_URL may not do what the service needs."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.revisions.permissions import missing_permissions


def check(examined: Examined) -> Iterator[Finding]:
    """Tell which permissions are missing for writing; what may not be read is told as a refused input."""
    if examined.redis.missing_script:
        yield Finding(
            "missing_permissions",
            Severity.CRITICAL,
            examined.redis.missing_script,
            "strategic-memory-server prepare-redis --help",
        )
    if missing := list(examined.redis.missing):
        yield Finding(
            "missing_permissions", Severity.CRITICAL, missing_permissions(missing), examined.redis_cli("ACL", "LIST")
        )
