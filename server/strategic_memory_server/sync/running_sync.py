"""How the loop and the right to publish end with a service: in order, and within a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from strategic_memory_server.revisions.leadership import Leadership
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
from strategic_memory_server.waiting.running_tasks import cancel, started

CYCLE_GRACE_S = 2.0
"""Longest wait for the cycle in hand when stopping, seconds."""

RELEASE_GRACE_S = 1.0
"""Longest wait for Redis to take the lease back when stopping, seconds."""

logger = structlog.get_logger(__name__)


async def release(leadership: Leadership) -> None:
    """Give leadership up, unless Redis does not answer: the lease ends by itself."""
    task = asyncio.create_task(leadership.release(), name="release")
    _, hanging = await asyncio.wait([task], timeout=RELEASE_GRACE_S)
    if hanging:
        await cancel(task)


@asynccontextmanager
async def syncing(sync: StrategicMemorySync, broken: asyncio.Event) -> AsyncIterator[None]:
    """Run the loop; when left, let it finish the cycle in hand, unless that hangs."""
    task = started(sync.run(), "memory-sync", broken)
    try:
        yield
    finally:
        sync.stop()
        _, hanging = await asyncio.wait([task], timeout=CYCLE_GRACE_S)
        if hanging:
            logger.warning("Sync cycle in hand was cut short: Redis does not answer")
            await cancel(task)
