"""FencingWatch: follows who holds the lease, and how far the log has come."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis
from chaos.observer_client import ObserverClient
from history.observer_clock import ObserverClock
from redis.exceptions import RedisError

_BLOCK_MS = 10
_RETRY_S = 0.02


@dataclass(frozen=True, slots=True)
class Look:
    """What Redis held at one moment.

    Attributes:
        at_ms: when, by the observer's clock.
        lease: "<fencing token> <holder>"; empty: nobody holds it.
        epoch: epoch of the log; empty: it has none.
        revision: newest revision.
        data_as_of_ms: time of the newest input entry that the newest sync has seen; 0: there was none.
        computed_at_ms: when the newest sync has worked out its result, by the clock of its server; 0: none has.
    """

    at_ms: float
    lease: str
    epoch: str
    revision: int
    data_as_of_ms: int
    computed_at_ms: int

    @property
    def lease_token(self) -> int:
        """Token of the lease; 0: nobody holds it."""
        return int(self.lease.partition(" ")[0] or 0)

    @property
    def leader_pid(self) -> int:
        """Process id of the holder, which its name carries; 0: nobody holds it."""
        return int(self.lease.split("/")[-2]) if self.lease else 0


class FencingWatch:
    """Looks until it is cancelled.

    Args:
        client: where to look, with a connection of its own.
        prefix: what every key starts with.
        clock: tells the time of every look.
    """

    def __init__(self, client: ObserverClient, prefix: str, clock: ObserverClock) -> None:
        self.newest: Look | None = None
        """The last look; None before the first, and while Redis cannot be asked."""
        self.terms: list[Look] = []
        """The first look at each holder of the lease."""
        self.setbacks: list[str] = []
        """Where the lease was granted under an older token than before."""
        self._client = client
        self._clock = clock
        self._state = f"{prefix}:feedback:strategic_memory:state"
        self._lease = f"{prefix}:feedback:strategic_memory:lease"
        self._pulse = f"{prefix}:stream:strategic_feedback:pulse"
        self._highest = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                while True:
                    self._take(await self._client.do(self._look))
                    await self._client.do(self._wait)
            except (RedisError, OSError):
                self.newest = None
                await asyncio.sleep(_RETRY_S)

    async def _look(self, client: redis.Redis) -> Look:
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.get(self._lease)
            pipeline.hmget(self._state, ["epoch", "revision", "data_as_of_ms", "computed_at_ms"])
            replies: list[Any] = await pipeline.execute()
        lease, (epoch, revision, data_as_of_ms, computed_at_ms) = replies
        return Look(
            at_ms=self._clock.now_ms(),
            lease=(lease or b"").decode(),
            epoch=(epoch or b"").decode(),
            revision=int(revision or 0),
            data_as_of_ms=int(data_as_of_ms or 0),
            computed_at_ms=int(computed_at_ms or 0),
        )

    async def _wait(self, client: redis.Redis) -> object:
        return await client.xread({self._pulse: "$"}, block=_BLOCK_MS)

    def _take(self, look: Look) -> None:
        self.newest = look
        if look.lease and (not self.terms or self.terms[-1].lease != look.lease):
            self.terms.append(look)
        if 0 < look.lease_token < self._highest:
            self.setbacks.append(f"the lease was granted under token {look.lease_token} after {self._highest}")
        self._highest = max(self._highest, look.lease_token)
