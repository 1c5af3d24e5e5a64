"""SharedTrips: the commands of many who can wait a moment go in one round trip.

A connection that is lent, a write, and being woken by the answer take both sides longer than a short script does. A
thousand portfolios whose leases are renewed each on a trip of their own take as many of them a second.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from strategic_memory_server.redis_access.round_trip import Reply, round_trip

GATHERED_S = 0.02
"""So long a command waits for others, seconds."""

AT_ONCE = 64
"""Most commands of one trip: Redis has time for others between two."""

Ask = Callable[[Sequence[bytes]], Awaitable[list[Reply]]]
"""Sends commands and gives their replies, as `round_trip` does."""

logger = structlog.get_logger(__name__)

_Answer = list[Reply] | Exception
_Asked = tuple[Sequence[bytes], asyncio.Future[_Answer]]


class SharedTrips:
    """Gathers commands, and sends them together.

    Args:
        client: how Redis is reached.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._asked: deque[_Asked] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def ask(self, command: bytes) -> Reply:
        """Send a command with those of others, and give its reply; an error stands in its place, of the connection too.

        Each command has an error of its own. One of the connection, or a fault of the program, is that of all who were
        on the trip.
        """
        answer = await self._answer_to([command])
        return answer[0] if isinstance(answer, list) else answer

    async def ask_all(self, commands: Sequence[bytes]) -> list[Reply]:
        """Send some commands together with those of others, and give their replies as `round_trip` does.

        Raises:
            redis.exceptions.RedisError, OSError: as there.
        """
        answer = await self._answer_to(commands)
        if not isinstance(answer, list):
            raise answer
        return answer

    async def _answer_to(self, commands: Sequence[bytes]) -> _Answer:
        answered: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._asked.append((commands, answered))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send(), name="shared-trips")
        return await answered

    async def _send(self) -> None:
        try:
            await asyncio.sleep(GATHERED_S)
            while batch := self._next_batch():
                await self._trip(batch)
        finally:
            self._sending = None
            while self._asked:
                self._asked.popleft()[1].cancel()

    def _next_batch(self) -> list[_Asked]:
        """Take who goes next: at least one, with as many commands as are sent at once."""
        batch: list[_Asked] = []
        room = AT_ONCE
        while self._asked and (not batch or len(self._asked[0][0]) <= room):
            asked = self._asked.popleft()
            # Whoever has given up wants nothing done any more: a lease would be taken for nobody.
            if not asked[1].done():
                batch.append(asked)
                room -= len(asked[0])
        return batch

    async def _trip(self, batch: list[_Asked]) -> None:
        replies: list[Reply] | None = None
        failure: Exception | None = None
        try:
            replies = await round_trip(self._client, [command for commands, _ in batch for command in commands])
        except (RedisError, OSError) as error:
            failure = error
        except Exception as error:
            # Who was told of a cancellation that nobody has asked for would end, and nobody would notice.
            logger.exception("Shared round trip failed by a fault of the program")
            failure = error
        finally:
            at = 0
            for commands, answered in batch:
                if not answered.done():
                    if failure is not None:
                        answered.set_result(failure)
                    elif replies is not None:
                        answered.set_result(replies[at : at + len(commands)])
                    else:
                        answered.cancel()
                at += len(commands)


def way_to(client: redis.Redis, trips: SharedTrips | None) -> Ask:
    """Return how commands are sent: on trips with others, or each at once."""
    return partial(round_trip, client) if trips is None else trips.ask_all
