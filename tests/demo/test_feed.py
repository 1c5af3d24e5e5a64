from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis
from patient_redis import PATIENCE_S
from processes import aeventually

from strategic_memory_demo.feed import MarketFeed
from strategic_memory_demo.tally import DemoTally
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries.input_keys import STREAM_SOURCES, VALUE_SOURCES, key_of


@asynccontextmanager
async def running_feed(server: EmbeddedRedis, tally: DemoTally, speed: float = 100.0) -> AsyncIterator[None]:
    feed = MarketFeed(server.url, prefix="demo", seed=1, speed=speed, tally=tally)
    task = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        task.cancel()
        ended, _ = await asyncio.wait([task], timeout=30)
        await feed.close()
    assert ended, "one cancellation is enough"


async def test_it_fills_every_key_and_the_tally_agrees_with_redis(redis_server: EmbeddedRedis) -> None:
    tally = DemoTally()
    async with running_feed(redis_server, tally):
        await aeventually(lambda: tally.written.total() > 300)
    with redis.Redis.from_url(redis_server.url, socket_timeout=PATIENCE_S) as client:
        for source in STREAM_SOURCES:
            assert client.xlen(key_of("demo", source)) >= tally.written[source] > 0
        for source in VALUE_SOURCES:
            assert client.get(key_of("demo", source))
    assert tally.malformed.total() >= 3


async def test_one_cancellation_ends_it_whatever_it_is_doing(redis_server: EmbeddedRedis) -> None:
    for turns in range(100):
        await end_after(turns % 25, redis_server)


async def end_after(turns: int, server: EmbeddedRedis) -> None:
    """Run a feed until it has written, and some turns of the event loop longer."""
    tally = DemoTally()
    async with running_feed(server, tally, speed=1000.0):
        await aeventually(lambda: tally.written.total() > 0)
        for _ in range(turns):
            await asyncio.sleep(0)


async def test_streams_stay_bounded(redis_server: EmbeddedRedis) -> None:
    tally = DemoTally()
    async with running_feed(redis_server, tally, speed=1000.0):
        await aeventually(lambda: min(tally.written[source] for source in STREAM_SOURCES) > 1300, 120)
    with redis.Redis.from_url(redis_server.url, socket_timeout=PATIENCE_S) as client:
        for source in STREAM_SOURCES:
            assert 1000 <= client.xlen(key_of("demo", source)) < 1200


async def test_it_goes_on_when_redis_comes_back(fresh_redis: EmbeddedRedis) -> None:
    tally = DemoTally()
    async with running_feed(fresh_redis, tally):
        await aeventually(lambda: tally.written.total() > 10)
        await asyncio.to_thread(fresh_redis.kill)
        await aeventually(lambda: tally.failed_writes > 0)
        before = tally.written.total()
        await asyncio.to_thread(fresh_redis.start)
        await aeventually(lambda: tally.written.total() > before + 10)
