"""CapComparison: sees soon that a cap on leverage of one of many portfolios has changed, and tells who advises for it.

Each loop looks at its own caps, and at more than these; of thousands of loops each can do so but rarely. To compare
what the keys hold now with what they held is so little work that it is done for all of them in a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import redis.asyncio as redis
from redis.exceptions import RedisError

from strategic_memory_server.redis_access.round_trip import Reply, round_trip

PASS_S = 1.75
"""Time from the beginning of one comparison of all to that of the next, seconds."""

AT_ONCE = 64
"""Most whose keys are asked for in one round trip: Redis has time for others between two."""


@dataclass(slots=True, eq=False)
class _Watched:
    asks: Sequence[bytes]
    changed: Callable[[], None]
    seen: int | None = None


class CapComparison:
    """Compares what the keys of caps hold, again and again.

    Args:
        client: how Redis is reached.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._watched: dict[_Watched, None] = {}

    @contextmanager
    def watching(self, asks: Sequence[bytes], changed: Callable[[], None]) -> Iterator[None]:
        """Watch keys until the context is left.

        Args:
            asks: commands that read them.
            changed: is called when they hold something else than before, and when they were read for the first time.
        """
        watched = _Watched(asks, changed)
        self._watched[watched] = None
        try:
            yield
        finally:
            del self._watched[watched]

    async def run(self) -> None:
        """Compare until cancelled. That Redis is away whoever syncs finds out, and says so."""
        now_s = asyncio.get_running_loop().time
        while True:
            next_s = now_s() + PASS_S
            with suppress(RedisError, OSError):
                await self.compare()
            await asyncio.sleep(next_s - now_s())

    async def compare(self) -> None:
        """Compare once.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached.
        """
        watched = list(self._watched)
        for at in range(0, len(watched), AT_ONCE):
            batch = watched[at : at + AT_ONCE]
            replies = iter(await round_trip(self._client, [ask for each in batch for ask in each.asks]))
            for each in batch:
                told = hash(tuple(_comparable(next(replies)) for _ in each.asks))
                if told != each.seen and each in self._watched:
                    each.seen = told
                    each.changed()


def _comparable(reply: Reply) -> Reply:
    return str(reply) if isinstance(reply, Exception) else reply
