"""Producer: writes observations and trades, drawn from a seed, so that the feedback keeps changing."""

from __future__ import annotations

import asyncio
import random
import time

import redis.asyncio as redis
from chaos.observer_client import ObserverClient
from redis.exceptions import RedisError
from redis.typing import EncodableT, FieldT

_REGIMES = ("BULL", "RANGE", "BEAR", "VOLATILE")
_POLICIES = ("AGGRESSIVE", "BALANCED", "CONSERVATIVE")
_KEPT = 60


class Producer:
    """Writes until it is cancelled. A write that fails is given up, as producers do.

    Args:
        client: where to write.
        prefix: what every key starts with.
        seed: of everything that is drawn.
        every_s: mean time between two entries, seconds.
        counts_microseconds: whether ids of trades and portfolio entries count microseconds; right after each of
            them comes an observation, whose id is a time.
    """

    def __init__(
        self, client: ObserverClient, prefix: str, seed: int, every_s: float, *, counts_microseconds: bool = False
    ) -> None:
        self.is_silent = False
        """Whether nothing is to be written for now."""
        self.written = 0
        self.failures = 0
        self.newest_ms = 0
        """Time of the newest entry by the clock of Redis, milliseconds since 1970; 0 before the first."""
        self._client = client
        self._prefix = prefix
        self._draw = random.Random(seed)
        self._every_s = every_s
        self._counts_microseconds = counts_microseconds

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            if not self.is_silent:
                await self.write()
            await asyncio.sleep(self._every_s * self._draw.uniform(0.2, 1.8))

    async def write(self) -> bool:
        """Write one entry; whether it was acknowledged."""
        stream, fields = self._entry()
        observed = self._observation()

        async def add(client: redis.Redis) -> object:
            if not self._counts_microseconds:
                return await client.xadd(stream, fields, maxlen=_KEPT, approximate=False)
            async with client.pipeline(transaction=True) as pipeline:
                if stream != observed[0]:
                    entry_id = f"{time.time_ns() // 1_000}-0"
                    pipeline.xadd(stream, fields, id=entry_id, maxlen=_KEPT, approximate=False)
                pipeline.xadd(*observed, maxlen=_KEPT, approximate=False)
                return (await pipeline.execute())[-1]

        try:
            entry_id = await self._client.do(add)
        except (RedisError, OSError):
            self.failures += 1
            return False
        self.written += 1
        assert isinstance(entry_id, bytes)
        self.newest_ms = int(entry_id.split(b"-")[0])
        return True

    def _entry(self) -> tuple[str, dict[FieldT, EncodableT]]:
        draw = self._draw
        kind = draw.random()
        if kind < 0.6:
            return self._observation()
        regime, pnl = self._drawn()
        if kind < 0.85:
            trade: dict[FieldT, EncodableT] = {"market_regime": regime, "realized_pnl": pnl}
            return f"{self._prefix}:stream:trade.results", {**trade, "policy": draw.choice(_POLICIES)}
        return f"{self._prefix}:stream:portfolio.memory", {"regime": regime, "pnl": pnl, "total_pnl": 1_000.0}

    def _observation(self) -> tuple[str, dict[FieldT, EncodableT]]:
        regime, pnl = self._drawn()
        observation: dict[FieldT, EncodableT] = {"regime": regime, "pnl": pnl, "volatility": 0.01, "trend": 0.001}
        return f"{self._prefix}:stream:meta.regime", {**observation, "confidence": round(self._draw.random(), 3)}

    def _drawn(self) -> tuple[str, float]:
        return self._draw.choice(_REGIMES), round(self._draw.gauss(0.1, 0.3), 6)
