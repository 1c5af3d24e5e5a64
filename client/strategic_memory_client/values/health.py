"""What the standard health check tells of the service."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class ServiceHealth(Unchanging):
    """Answer of the service's health check."""

    serving: bool
    """Whether the service takes requests."""
    status: str
    """SERVING, NOT_SERVING, UNKNOWN, or SERVICE_UNKNOWN: another service answers there."""
    address: str
    """Address of the server that answered."""
