"""SharedTrips: the commands of many who can wait a moment go in one round trip.

A connection that is lent, a write, and being woken by the answer take both sides longer than a short script does. A
thousand portfolios whose leases are renewed each on a trip of their own take as many of them a second.
"""

from __future__ import annotations

import asyncio

import redis.asyncio as redis
from redis.exceptions import RedisError

from strategic_memory_server.redis_access.round_trip import Reply, round_trip

GATHERED_S = 0.02
"""So long a command waits for others, seconds."""

AT_ONCE = 64
"""Most commands of one trip: Redis has time for others between two."""

_Asked = tuple[bytes, asyncio.Future[Reply]]


class SharedTrips:
    """Gathers commands, and sends them together.

    Args:
        client: how Redis is reached.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._asked: list[_Asked] = []
        self._sending: asyncio.Task[None] | None = None

    async def ask(self, command: bytes) -> Reply:
        """Send a command with those of others, and give its reply; an error stands in its place, of the connection too.

        Each command has an error of its own. One of the connection is that of all who were on the trip.
        """
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked.append((command, answered))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send(), name="shared-trips")
        return await answered

    async def _send(self) -> None:
        try:
            await asyncio.sleep(GATHERED_S)
            while self._asked:
                # Whoever has given up wants nothing done any more: a lease would be taken for nobody.
                batch = [asked for asked in self._asked[:AT_ONCE] if not asked[1].done()]
                del self._asked[:AT_ONCE]
                if batch:
                    await self._trip(batch)
        finally:
            self._sending = None
            _answer(self._asked, [])
            self._asked = []

    async def _trip(self, batch: list[_Asked]) -> None:
        replies: list[Reply] = []
        try:
            replies = await round_trip(self._client, [command for command, _ in batch])
        except (RedisError, OSError) as error:
            replies = [error] * len(batch)
        finally:
            _answer(batch, replies)


def _answer(asked: list[_Asked], replies: list[Reply]) -> None:
    """Answer those who still wait, in their order; those without a reply wait no longer."""
    for _, answered in asked[len(replies) :]:
        answered.cancel()
    for (_, answered), reply in zip(asked, replies, strict=False):
        if not answered.done():
            answered.set_result(reply)
