"""A tail that follows a log on a real Redis, and a publisher beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from advice import NOW_MS, advice
from claimed import ClaimedLog, ClaimedPublisher
from patient_redis import patient
from processes import aeventually

from strategic_memory_server.advice.feedback import Feedback, Times
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions import feedback_tail
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_publisher import Publication
from strategic_memory_server.revisions.feedback_tail import FeedbackTail

BLOCK_MS = 200
NOTICED_S = BLOCK_MS / 1000 + 30.0
"""Time in which a loss is noticed: one blocking read, and room for a busy machine."""


@dataclass(slots=True)
class Follower:
    """A tail at work, what it feeds, and a publisher beside it."""

    tail: FeedbackTail
    hub: FeedbackHub
    changed: ChangeSignal
    publisher: ClaimedPublisher

    @property
    def in_force(self) -> Feedback:
        """What it would serve now."""
        return self.hub.in_force(NOW_MS)

    async def say(self, label: object, valid_ms: int = 180_000) -> Publication:
        """Publish something else."""
        return await self.publisher.publish(advice(label), Times(NOW_MS, NOW_MS, NOW_MS + valid_ms), NOW_MS)

    async def hears(self, said: Feedback, within_s: float = NOTICED_S) -> None:
        """Wait until it serves what was said."""
        await aeventually(lambda: self.in_force == said, within_s)


@asynccontextmanager
async def following(url: str, ring: int = 8, *, block_ms: int = BLOCK_MS) -> AsyncIterator[Follower]:
    """Follow a log until the context is left, with blocking reads of a fifth of their length, or of `block_ms`."""
    settings = patient(url)
    with pytest.MonkeyPatch.context() as patch:
        async with connect(settings) as commands, connect(settings, longest_block_s=block_ms / 1000) as blocking:
            patch.setattr(feedback_tail, "BLOCK_MS", block_ms)
            log = ClaimedLog(commands, "quantum", retained_revisions=100)
            hub, changed = FeedbackHub("1.0.0", ring), ChangeSignal()
            tail = FeedbackTail(log.log, blocking, hub, changed, ring)
            task = asyncio.create_task(tail.run())
            try:
                yield Follower(tail, hub, changed, ClaimedPublisher(log))
            finally:
                while not task.done():
                    task.cancel()
                    await asyncio.wait([task], timeout=0.1)
