"""UnsyncedPortfolios: tells of portfolios that this server does not sync and no other one does either.

Servers do not agree on shards: where none was started for one, or they count other numbers of them, its portfolios have
no leader, and whoever asks is given the safe values. The servers of the other shards see that nobody holds the leases.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from strategic_memory_server.configuration.portfolio_settings import PortfolioSettings
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.memory.portfolio_name import DEFAULT, DEFAULT_WRITTEN
from strategic_memory_server.memory.shard import shard_of
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip
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
        listed: gives the portfolios beside the default one; the same object for as long as they are the same.
        default_prefix: what the keys of the default one start with.
        may_lead: tells whether this server ever syncs a portfolio of a name.
        redis_of: opens a way to the Redis that has the keys of a prefix.
        problems: is told of what nobody syncs. Everybody may read it: no portfolio is named.
        shards: how many shards there are; None: this server syncs nothing.
        is_cluster: whether each prefix may be on a node of its own; otherwise one way leads to all.
        clock_s: a clock that only goes forward, seconds.
    """

    def __init__(
        self,
        listed: Callable[[], Mapping[str, PortfolioSettings]],
        default_prefix: str,
        may_lead: Callable[[str], bool],
        redis_of: Callable[[str], AbstractAsyncContextManager[redis.Redis]],
        problems: Problems,
        shards: int | None = None,
        *,
        is_cluster: bool = False,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listed = listed
        self._default_prefix = default_prefix
        self._may_lead = may_lead
        self._redis_of = redis_of
        self._problems = problems
        self._shards = shards
        self._is_cluster = is_cluster
        self._clock_s = clock_s
        self._known: Mapping[str, PortfolioSettings] | None = None
        self._theirs: Mapping[str, str] = {}
        self._missed: dict[str, tuple[float, float]] = {}
        self._last = ""
        self._named: set[str] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def look(self) -> None:
        """Look at some of them, and tell. Nothing is raised."""
        theirs, now_s = self._prefixes(), self._clock_s()
        self._missed = {name: times for name, times in self._missed.items() if name in theirs}
        names = list(dict.fromkeys([*list(self._missed)[:LOOKED_AT], *self._next_of(sorted(theirs))]))
        try:
            for together in ([name] for name in names) if self._is_cluster else (names,):
                led = await self._are_led([theirs[name] for name in together])
                self._take(dict(zip(together, led, strict=True)), now_s)
        except (RedisError, OSError):
            # Redis is away or refuses, which others tell.
            return
        self._tell([name for name, (first_s, last_s) in self._missed.items() if last_s - first_s >= MISSED_S])

    def _next_of(self, names: list[str]) -> list[str]:
        start = bisect_right(names, self._last) if self._last else 0
        found = names[start : start + LOOKED_AT]
        self._last = found[-1] if len(found) == LOOKED_AT else ""
        return found

    def _prefixes(self) -> Mapping[str, str]:
        """Return the key prefixes of the portfolios that others are to sync, by name."""
        if (listed := self._listed()) is not self._known:
            # To find the shard of ten thousand names takes a tenth of a second.
            prefixes = {DEFAULT: self._default_prefix, **{name: told.key_prefix for name, told in listed.items()}}
            self._theirs = {name: prefix for name, prefix in prefixes.items() if not self._may_lead(name)}
            self._known = listed
        return self._theirs

    async def _are_led(self, prefixes: Sequence[str]) -> list[bool]:
        """Tell of portfolios whose keys are on one Redis whether anybody holds the lease."""
        if not prefixes:
            return []
        leases = [LogKeys.under(each).lease for each in prefixes]
        async with self._redis_of(prefixes[0]) as client:
            replies = await round_trip(client, [packed("EXISTS", lease) for lease in leases])
        return [bool(checked(reply, lease, "string")) for lease, reply in zip(leases, replies, strict=True)]

    def _take(self, led: Mapping[str, bool], now_s: float) -> None:
        for name, is_led in led.items():
            if is_led:
                self._missed.pop(name, None)
            else:
                first_s, _ = self._missed.get(name, (now_s, now_s))
                self._missed[name] = first_s, now_s

    def _tell(self, names: list[str]) -> None:
        # The log alone may name them, also those that join others of which that was said months ago.
        new, self._named = [name for name in names if name not in self._named], set(names)
        if not names:
            self._problems.withdraw(UNSYNCED)
            return
        if new:
            shown = [name or DEFAULT_WRITTEN for name in new[:SHOWN]]
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
