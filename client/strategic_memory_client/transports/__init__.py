"""Connections to the service, and what both kinds of client share of them.

What a client does with the service is imported with the first client that is made, and gRPC with it: a program that
imports the library for its values, or makes its clients in other processes, does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategic_memory_client.values.deferred import deferred

if TYPE_CHECKING:
    from strategic_memory_client.transports.asynchronous.admin import AsyncAdmin
    from strategic_memory_client.transports.asynchronous.service import AsyncService
    from strategic_memory_client.transports.synchronous.admin import SyncAdmin
    from strategic_memory_client.transports.synchronous.service import SyncService

__all__ = ["AsyncAdmin", "AsyncService", "SyncAdmin", "SyncService"]

if not TYPE_CHECKING:  # or no wrong name would be noticed
    __getattr__ = deferred(
        __name__,
        {
            "AsyncAdmin": f"{__name__}.asynchronous.admin",
            "AsyncService": f"{__name__}.asynchronous.service",
            "SyncAdmin": f"{__name__}.synchronous.admin",
            "SyncService": f"{__name__}.synchronous.service",
        },
    )
