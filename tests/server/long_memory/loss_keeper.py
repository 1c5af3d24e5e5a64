"""A server's long memory, with what tells that Redis has lost some of it."""

from __future__ import annotations

import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import claim_on
from redis_inputs import add_trade

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.memory_loss import MemoryLoss
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.revisions.beside import Beside
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.write_arguments import MemoryMovedError

KEYS = MemoryKeys.under("quantum")
TRADES = "quantum:stream:trade.results"
TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)


class Keeper:
    """A server's long memory, whose clock stands."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.problems = Problems()
        self.loss = MemoryLoss(self.problems)
        self.now_s = 0.0
        store, reader = MemoryStore(client, "quantum", 0.998, 100), TradeReader(client, "quantum")
        self.memory = LongMemory(store, reader, loss=self.loss, clock_s=lambda: self.now_s)
        self._client = client
        self._publisher = FeedbackPublisher(FeedbackLog(client, "quantum", 100))

    async def sync(self) -> int:
        """One sync, and again where the memory was moved; trades remembered."""
        self.now_s += 1.0
        for _ in range(2):
            gathered = await self.memory.gather()
            try:
                await self._publisher.publish(
                    await claim_on(self._client), advice(self.now_s), TIMES, NOW_MS, Beside(gathered.note)
                )
            except MemoryMovedError:
                self.memory.forget()
                continue
            self.memory.written(gathered.note)
            return gathered.kept.sums.observations
        raise AssertionError("the memory moves all the time")


def write(client: redis.Redis, *numbers: int) -> None:
    for number in numbers:
        add_trade(client, realized_pnl=0.1 * number, trade_id=f"T{number}")
