"""UnsyncedPortfolios: tells of portfolios that this server does not sync and no other one does either.

Servers do not agree on shards: where none was started for one, or they count other numbers of them, its portfolios have
no leader, and whoever asks is given the safe values. The servers of the other shards see that nobody holds the leases.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.memory.shard import shard_of
from strategic_memory_server.redis_access.round_trip import packed, round_trip
from strategic_memory_server.revisions.log_keys import LogKeys

UNSYNCED = "portfolios_not_synced"

LOOKS_EVERY_S = 10.0
LOOKED_AT = 32
"""Portfolios of one look, and as many that were missed before: of a shard that is not there it finds some at once."""

MISSED_S = 60.0
"""A lease that nobody has held for so long, seconds, is no restart and no takeover."""

SHOWN = 10

logger = structlog.get_logger(__name__)


class UnsyncedPortfolios:
    """Looks for the leases of portfolios that others are to sync, some at a time.

    Args:
        theirs: gives the key prefixes of these portfolios, by name.
        redis_of: opens a way to the Redis that has the keys of a prefix.
        problems: is told of what nobody syncs. Everybody may read it: no portfolio is named.
        shards: how many shards there are; None: this server syncs nothing.
        clock_s: a clock that only goes forward, seconds.
    """

    def __init__(
        self,
        theirs: Callable[[], Mapping[str, str]],
        redis_of: Callable[[str], AbstractAsyncContextManager[redis.Redis]],
        problems: Problems,
        shards: int | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._theirs = theirs
        self._redis_of = redis_of
        self._problems = problems
        self._shards = shards
        self._clock_s = clock_s
        self._missed: dict[str, tuple[float, float]] = {}
        self._last = ""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def look(self) -> None:
        """Look at some of them, and tell. Nothing is raised."""
        theirs, now_s = self._theirs(), self._clock_s()
        self._missed = {name: times for name, times in self._missed.items() if name in theirs}
        try:
            for name in dict.fromkeys([*list(self._missed)[:LOOKED_AT], *self._next_of(sorted(theirs))]):
                if await self._is_led(theirs[name]):
                    self._missed.pop(name, None)
                else:
                    first_s, _ = self._missed.get(name, (now_s, now_s))
                    self._missed[name] = first_s, now_s
        except (RedisError, OSError):
            # Redis is away or refuses, which others tell.
            return
        self._tell([name for name, (first_s, last_s) in self._missed.items() if last_s - first_s >= MISSED_S])

    def _next_of(self, names: list[str]) -> list[str]:
        start = bisect_right(names, self._last) if self._last else 0
        found = names[start : start + LOOKED_AT]
        self._last = found[-1] if len(found) == LOOKED_AT else ""
        return found

    async def _is_led(self, prefix: str) -> bool:
        async with self._redis_of(prefix) as client:
            (reply,) = await round_trip(client, [packed("EXISTS", LogKeys.under(prefix).lease)])
        if isinstance(reply, Exception):
            raise reply
        return bool(reply)

    def _tell(self, names: list[str]) -> None:
        if not names:
            self._problems.withdraw(UNSYNCED)
            return
        if UNSYNCED not in self._problems.standing:
            shown = [name or "(default)" for name in names[:SHOWN]]
            logger.warning("Portfolios are synced by nobody", count=len(names), portfolios=shown)
        what = f"portfolios that nobody has synced for a minute: {len(names)} at least"
        self._problems.state(UNSYNCED, f"{what}; {self._advice(names)}")

    def _advice(self, names: list[str]) -> str:
        if self._shards is None:
            return "start a server that syncs (STRATEGIC_MEMORY_ROLE=sync) and is given the same portfolios"
        shards = ", ".join(map(str, sorted({shard_of(name, self._shards) for name in names})))
        return (
            f"start servers for shard {shards} of {self._shards} (STRATEGIC_MEMORY_SHARD); all servers are given "
            "the same number of shards and the same portfolios"
        )
