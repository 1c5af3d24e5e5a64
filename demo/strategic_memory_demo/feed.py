"""Writes the market of the demo into Redis, as the trading modules would."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.typing import EncodableT, FieldT

from strategic_memory_demo.context_keys import ContextKeys
from strategic_memory_demo.input_entries import InputEntry, entries_of, malformed_entries
from strategic_memory_demo.market_model import MarketModel, MarketStep
from strategic_memory_demo.tally import DemoTally
from strategic_memory_server.entries.input_keys import key_of

STEPS_PER_S = 5.0
"""Steps of the market in a second at speed 1."""

_STREAM_LENGTH = 1000
_CONTEXT_EVERY_STEPS = 10
_PAUSE_AFTER_FAILURE_S = 0.5


class MarketFeed:
    """Moves the market on at a steady pace and writes what its producers report."""

    def __init__(self, redis_url: str, *, prefix: str, seed: int, speed: float, tally: DemoTally) -> None:
        """Prepare a feed. `speed` multiplies the pace of STEPS_PER_S; `tally` counts what was written."""
        self._client = redis.asyncio.Redis.from_url(
            redis_url, socket_timeout=2.0, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 0)
        )
        self._prefix = prefix
        self._step_s = 1.0 / (STEPS_PER_S * speed)
        self._model = MarketModel(seed)
        self._malformed = malformed_entries()
        self._context = ContextKeys()
        self._tally = tally

    async def run(self) -> None:
        """Write until cancelled. While Redis is away, the market goes on and what it reports is lost."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        # Up to CPython 3.11, `asyncio.wait_for`, through which redis-py sends every command, drops a cancellation
        # that arrives just as the sending is done; the request to end is still to be seen in the task.
        # Goes 2027-10 with CPython 3.11.
        task = asyncio.current_task()
        while task is None or not task.cancelling():
            step = self._model.step()
            self._context.follow(step)
            try:
                await self._write(step)
            except RedisError:
                self._tally.failed_writes += 1
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)
            # Never in the past: after a stall the feed goes on at its pace instead of catching up in a burst.
            due = max(due + self._step_s, loop.time())
            await asyncio.sleep(due - loop.time())

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _write(self, step: MarketStep) -> None:
        entries = entries_of(step, datetime.now(UTC))
        malformed = next(self._malformed)
        if malformed is not None:
            entries.append(malformed)
        async with self._client.pipeline(transaction=False) as pipeline:
            for entry in entries:
                pipeline.xadd(
                    key_of(self._prefix, entry.source),
                    _encodable(entry),
                    maxlen=_STREAM_LENGTH,
                    approximate=True,
                )
            if step.number % _CONTEXT_EVERY_STEPS == 1:
                for source, value in self._context.values().items():
                    pipeline.set(key_of(self._prefix, source), value)
            await pipeline.execute()
        self._tally.step_written(step, entries)


def _encodable(entry: InputEntry) -> dict[FieldT, EncodableT]:
    return dict(entry.fields.items())
