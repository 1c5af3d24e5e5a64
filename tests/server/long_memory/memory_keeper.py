"""A long memory with what writes it down, and what it has to come to."""

from __future__ import annotations

from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import ClaimedLog, claim_on, long_memory_of

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.long_memory.long_memory import Gathered, LongMemory
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.beside import Beside
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher

KEYS = MemoryKeys.under("quantum")
TRADES = "quantum:stream:trade.results"
TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)
DECAY = 0.998


class Keeper:
    """A long memory and a publisher that writes it down, as the sync loop has them."""

    def __init__(self, client: redis.asyncio.Redis, horizon: int = 100, *, change: bool = False) -> None:
        self._client = client
        self.publisher = FeedbackPublisher(ClaimedLog(client).log)
        self.problems = Problems()
        self.memory: LongMemory = long_memory_of(client, DECAY, horizon, problems=self.problems, change=change)

    async def sync(self, label: object = "a", newest_trade: str | None = None) -> Gathered:
        gathered = await self.memory.gather(newest_trade)
        await self.publisher.publish(await claim_on(self._client), advice(label), TIMES, NOW_MS, Beside(gathered.note))
        self.memory.written(gathered.note)
        return gathered

    async def sums(self) -> EvidenceSums:
        """Sync until nothing is left; what is remembered."""
        while not (gathered := await self.sync()).is_complete:
            pass
        return gathered.kept.sums


def full_sums(client: redis.Redis) -> EvidenceSums:
    """All trades of the stream that have a regime and a policy, summed at once."""
    entries: Any = client.xrange(TRADES)
    trades = [
        (fields[b"market_regime"].decode(), Policy[fields[b"policy"].decode()], float(fields[b"realized_pnl"]))
        for _, fields in entries
        if b"policy" in fields
    ]
    return batch(
        DECAY, [regime for regime, _, _ in trades], [policy for _, policy, _ in trades], [pnl for _, _, pnl in trades]
    )


def same(found: EvidenceSums, expected: EvidenceSums) -> bool:
    for regime in expected.regimes:
        for ours, theirs in zip(found.of(regime), expected.of(regime), strict=True):
            assert ours == pytest.approx(theirs, rel=1e-9)
    return set(found.regimes) == set(expected.regimes)
