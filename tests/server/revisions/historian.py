"""Historian: says things by publishers, and holds every place in the history to one advice for ever."""

from __future__ import annotations

import redis.asyncio
from advice import NOW_MS, advice
from claimed import ClaimedLog, ClaimedPublisher

from strategic_memory_server.advice.feedback import Advice, Times
from strategic_memory_server.revisions.feedback_publisher import Publication

TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)


class Historian:
    """Publishes, and holds every place in the history to one advice for ever."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.log = ClaimedLog(client, "quantum", 100)
        self.said: dict[tuple[str, int], Advice] = {}

    async def say(self, publisher: ClaimedPublisher, label: object) -> Publication:
        publication = await publisher.publish(advice(label), TIMES, NOW_MS)
        found = publication.feedback
        assert self.said.setdefault((found.epoch, found.revision), found.advice) == found.advice
        state = await self.log.read_state()
        assert state is not None
        assert (state.epoch, state.revision) == (found.epoch, found.revision)
        assert (await self.log.snapshot(1)).recent[-1].advice == advice(label)
        return publication
