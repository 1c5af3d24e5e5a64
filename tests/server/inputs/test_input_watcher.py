"""InputWatcher on a real Redis: it hears of what was not read yet, and says when it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis
from patient_redis import patient
from redis_inputs import add_portfolio, add_regime, add_trade, trade_stream

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries import input_keys
from strategic_memory_server.inputs.input_watcher import LONGEST_BLOCK_S, InputWatcher
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.inputs.resting_streams import AskedAhead
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.redis_access.round_trip import packed
from strategic_memory_server.revisions.log_keys import LogKeys

NOTHING_READ = dict.fromkeys(input_keys.STREAM_SOURCES, "0-0")


@pytest.fixture
async def watcher(redis_server: EmbeddedRedis) -> AsyncIterator[InputWatcher]:
    async with connect(patient(redis_server.url), longest_block_s=LONGEST_BLOCK_S) as client:
        yield InputWatcher(client, "quantum")


async def test_nothing_new_is_told_in_time(watcher: InputWatcher) -> None:
    assert await watcher.wait(NOTHING_READ, 0.01) is False


@pytest.mark.parametrize("add", [add_regime, add_portfolio, add_trade])
async def test_an_entry_of_each_stream_is_heard(watcher: InputWatcher, redis_client: redis.Redis, add: object) -> None:
    assert callable(add)
    waiting = asyncio.create_task(watcher.wait(NOTHING_READ, 10.0))
    await asyncio.sleep(0)
    add(redis_client)
    async with asyncio.timeout(30):
        assert await waiting is True


async def test_what_was_asked_behind_it_is_told_as_it_is_when_an_entry_comes(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    waits = 0

    def asked() -> AskedAhead:
        nonlocal waits
        waits += 1
        return AskedAhead([packed("GET", "written with it"), packed("INCR", "asked")], 0.0, 0)

    async with connect(patient(redis_server.url), longest_block_s=LONGEST_BLOCK_S) as client:
        watcher = InputWatcher(client, "quantum", ask=asked)
        assert await watcher.wait(NOTHING_READ, 0.01) is False

        async def until_one_has_come() -> None:
            # A wait ends after half a second, on a busy machine before the entry is written.
            while not await watcher.wait(NOTHING_READ, 10.0):
                pass

        waiting = asyncio.create_task(until_one_has_come())
        await asyncio.sleep(0)
        with redis_client.pipeline() as pipeline:
            pipeline.xadd(trade_stream(), {"realized_pnl": 1})
            pipeline.set("written with it", "by the producer")
            pipeline.execute()
        async with asyncio.timeout(30):
            await waiting
        assert watcher.ahead is not None
        assert watcher.ahead.replies == [b"by the producer", waits]


async def test_what_a_load_has_read_is_not_new_and_what_came_meanwhile_is(
    watcher: InputWatcher, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    add_regime(redis_client, pnl="malformed")
    add_trade(redis_client)
    async with connect(patient(redis_server.url)) as client:
        loaded = await MemoryLoader(client, "quantum", WindowSettings()).load()
    assert await watcher.wait(loaded.read_up_to, 0.01) is False
    add_portfolio(redis_client, pnl=0.125)
    assert await watcher.wait(loaded.read_up_to, 0.01) is True
    ((source, ((_, fields),)),) = watcher.arrived.items()
    assert (source, fields[b"pnl"]) == (input_keys.PORTFOLIO_MEMORY, b"0.125")


async def test_what_comes_after_the_head_of_another_stream_is_heard(
    watcher: InputWatcher, redis_client: redis.Redis
) -> None:
    log = LogKeys.under("quantum").log
    redis_client.xadd(log, {"a": "b"}, id="7-0")
    assert await watcher.wait(NOTHING_READ, 0.01, {log: "7-0"}) is False
    assert await watcher.wait(NOTHING_READ, 0.01, {log: "6-0"}) is True


async def test_streams_that_cannot_be_watched_are_told_at_once(
    watcher: InputWatcher, redis_client: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    redis_client.set(trade_stream(), "text")
    for _ in range(3):
        assert await watcher.wait(NOTHING_READ, 10.0) is None
    assert capsys.readouterr().out.count("Inputs cannot be watched") == 1
    assert await watcher.wait({}, 10.0) is None


async def test_a_redis_that_is_away_is_an_error() -> None:
    async with connect(RedisSettings(url="redis://127.0.0.1:1/0")) as client:
        with pytest.raises(redis.exceptions.ConnectionError):
            await InputWatcher(client, "quantum").wait(NOTHING_READ, 1.0)
