"""CapComparison: sees on every server that a cap on leverage of a portfolio has changed, and tells who acts on it.

To compare what the keys hold now with what they held is so little work that it is done once a second for thousands.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import redis.asyncio as redis
from redis.exceptions import RedisError

from strategic_memory_server.redis_access.lean_pool import server_of
from strategic_memory_server.redis_access.round_trip import Reply, round_trip

PASS_S = 1.0
"""Time from the beginning of one comparison of all to that of the next, seconds."""

AT_ONCE = 256
"""Most whose keys are asked for in one round trip: Redis has time for others between two."""

Take = Callable[[Sequence[Reply], bool], bool]
"""Takes what the keys hold and whether it is another than before; tells whether it wants to hear of it again."""


@dataclass(slots=True, eq=False)
class _Watched:
    client: redis.Redis
    asks: Sequence[bytes]
    take: Take
    seen: int | None = None
    again: bool = False


class CapComparison:
    """Compares what the keys of caps hold, again and again.

    Every server does so at the same moments, so that one that does not lead knows when whoever leads has found a cap.

    Args:
        clock_ms: the time by the clock of Redis, milliseconds since 1970-01-01 UTC.
    """

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._watched: dict[_Watched, None] = {}
        self._new: list[_Watched] = []
        self._came = asyncio.Event()
        self._asked: set[object] = set()

    @contextmanager
    def watching(self, client: redis.Redis, asks: Sequence[bytes], take: Take) -> Iterator[None]:
        """Watch keys, at once and then with all others, until the context is left.

        Args:
            client: reaches them.
            asks: commands that read them.
            take: is told when they hold something else than before, and when they were read for the first time.
        """
        watched = _Watched(client, asks, take)
        self._watched[watched] = None
        self._new.append(watched)
        self._came.set()
        try:
            yield
        finally:
            del self._watched[watched]

    async def run(self) -> None:
        """Compare until cancelled. That Redis is away whoever syncs finds out, and says so."""
        due_s, now_s = 0.0, asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as asking:
            while True:
                watched, came, self._new = self._new, dict.fromkeys(self._new), []
                if now_s() >= due_s:
                    watched, due_s = list(self._watched), now_s() + next_in_s(self._clock_ms())
                self._came.clear()
                # Who is being asked is not asked again: an older answer would come last. Its server has another name
                # while all connections are lent.
                for server, there in _by_server(each for each in watched if each not in self._asked).items():
                    # One that hangs is left alone, and the others are not to wait for it.
                    if server not in self._asked:
                        self._asked.update((server, *there))
                        asking.create_task(self._compare_on(server, there))
                    else:
                        # Whoever came meanwhile is read once it has answered, not a whole pass later.
                        self._new += [each for each in there if each in came]
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(due_s):
                        await self._came.wait()

    async def compare(self) -> None:
        """Compare all once."""
        await asyncio.gather(*(self._compare_on(*each) for each in _by_server(self._watched).items()))

    async def _compare_on(self, server: object, watched: Sequence[_Watched]) -> None:
        """Compare those whose keys are on one server, as far as is known."""
        try:
            for at in range(0, len(watched), AT_ONCE):
                batch = watched[at : at + AT_ONCE]
                if not await self._trip(batch):
                    # Some keys of a cluster may be elsewhere by now, which the client of each finds out.
                    alone = [] if batch[0].client is batch[-1].client else [[each] for each in batch]
                    if not any(await asyncio.gather(*map(self._trip, alone))):
                        return
        finally:
            self._asked.difference_update((server, *watched))
            if self._new:
                self._came.set()

    async def _trip(self, asked: Sequence[_Watched]) -> bool:
        # A client that was closed meanwhile would open a connection for nobody.
        if not (batch := [each for each in asked if each in self._watched]):
            return True
        try:
            replies = await round_trip(batch[0].client, [ask for each in batch for ask in each.asks])
        except (RedisError, OSError):
            return False
        comparable = [str(reply) if isinstance(reply, Exception) else reply for reply in replies]
        end = 0
        for each in batch:
            begin, end = end, end + len(each.asks)
            told = hash(tuple(comparable[begin:end]))
            if (each.again or told != each.seen) and each in self._watched:
                # What cannot be read by no fault of a producer was not read.
                with suppress(RedisError):
                    each.again, each.seen = each.take(replies[begin:end], told != each.seen), told
        return True


def next_in_s(now_ms: int) -> float:
    """Return how long it is until the next comparison, seconds; by one clock it is the same moment everywhere."""
    return PASS_S - now_ms / 1000 % PASS_S


def _by_server(watched: Iterable[_Watched]) -> dict[object, list[_Watched]]:
    """Put together those that one server is asked for: nodes of a cluster have keys of many portfolios each."""
    by_client: dict[redis.Redis, list[_Watched]] = defaultdict(list)
    for each in watched:
        by_client[each.client].append(each)
    servers: dict[object, list[_Watched]] = defaultdict(list)
    for client, there in by_client.items():
        servers[server_of(client)] += there
    return servers
