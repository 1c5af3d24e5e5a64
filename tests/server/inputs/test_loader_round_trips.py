"""How often MemoryLoader goes to Redis, and how much it reads: once, and little, in every ordinary case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, ClassVar, cast

import pytest
import redis
import redis.asyncio
from redis_inputs import add_portfolio, add_regime, add_trade, portfolio_stream, regime_stream, trade_stream

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries.input_keys import TRADE_RESULTS
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.redis_access.round_trip import round_trip


class CountingConnection(redis.asyncio.Connection):
    """Counts what it sends: a pipeline is sent as one."""

    sent = 0
    senders: ClassVar[set[object]] = set()

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        type(self).sent += 1
        self.senders.add(self)
        await super().send_packed_command(command, check_health)


@pytest.fixture
async def counting(redis_server: EmbeddedRedis) -> AsyncIterator[redis.asyncio.Redis]:
    pool = redis.asyncio.ConnectionPool(connection_class=CountingConnection, host="127.0.0.1", port=redis_server.port)
    async with redis.asyncio.Redis(connection_pool=pool, single_connection_client=False) as client:
        await client.ping()
        yield client
    await pool.disconnect()


async def trips(client: redis.asyncio.Redis, windows: WindowSettings) -> int:
    """Round trips of a first load."""
    return await trips_of(MemoryLoader(client, "quantum", windows))


async def trips_of(loader: MemoryLoader) -> int:
    before = CountingConnection.sent
    await loader.load()
    return CountingConnection.sent - before


async def test_one_round_trip_at_ordinary_windows(redis_client: redis.Redis, counting: redis.asyncio.Redis) -> None:
    assert await trips(counting, WindowSettings()) == 1
    for number in range(1, 200):
        add_regime(redis_client, entry_id=f"{number}-0")
        add_portfolio(redis_client, regime=None, entry_id=f"{number}-0")
        add_trade(redis_client, None, entry_id=f"{number}-0")
    assert await trips(counting, WindowSettings()) == 1


async def test_none_where_redis_told_all_as_the_entries_came(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, counting: redis.asyncio.Redis
) -> None:
    for number in range(1, 20):
        add_regime(redis_client, entry_id=f"{number}-0")
        add_portfolio(redis_client, entry_id=f"{number}-0")
        add_trade(redis_client, entry_id=f"{number}-0")
    loader = MemoryLoader(counting, "quantum", WindowSettings(), values_s=3_600.0)
    await loader.load()
    for told, comes_more, sent in ((True, False, 0), (True, True, 1), (False, False, 1)):
        before_it = redis_client.xlen(trade_stream())
        arrived = {TRADE_RESULTS: cast("StreamEntries", redis_client.xrange(trade_stream(), add_trade(redis_client)))}
        if comes_more:
            add_trade(redis_client)
        ahead = loader.ask_behind()
        if told:
            ahead.replies = await round_trip(async_client, ahead.commands)
        before = CountingConnection.sent
        loaded = await loader.load(arrived=arrived, ahead=ahead)
        assert CountingConnection.sent - before == sent
        assert loaded.memory.trades.pnl.size == before_it + 1 + comes_more


def add_portfolio_entries(client: redis.Redis, numbers: range) -> None:
    pipeline = client.pipeline(transaction=False)
    for number in numbers:
        pipeline.xadd(portfolio_stream(), {"pnl": 1, "regime": "BULL"}, id=f"{number}-0")
    pipeline.execute()


async def test_more_only_where_they_are_needed(redis_client: redis.Redis, counting: redis.asyncio.Redis) -> None:
    add_portfolio_entries(redis_client, range(1, 2_002))
    assert await trips(counting, WindowSettings(portfolio=500)) == 1
    assert await trips(counting, WindowSettings(portfolio=2_000)) == 4
    redis_client.xadd(portfolio_stream(), {"pnl": "nan"})
    assert await trips(counting, WindowSettings(portfolio=50)) == 2
    add_trade(redis_client, None, entry_id="1-0")
    assert await trips(counting, WindowSettings(portfolio=10)) == 2


async def test_long_windows_of_several_streams_are_read_side_by_side(
    redis_client: redis.Redis, counting: redis.asyncio.Redis
) -> None:
    """While Redis reads a page of one, a page of another is made into columns."""
    entries = range(1, 2_002)
    add_portfolio_entries(redis_client, entries)
    pipeline = redis_client.pipeline(transaction=False)
    for number in entries:
        pipeline.xadd(regime_stream(), {"pnl": 1, "regime": "BULL"}, id=f"{number}-0")
    pipeline.execute()
    CountingConnection.senders.clear()
    await MemoryLoader(counting, "quantum", WindowSettings(regime=2_000, portfolio=2_000)).load()
    assert len(CountingConnection.senders) == 2


async def test_an_entry_from_before_the_regime_window_takes_one_look(
    redis_client: redis.Redis, counting: redis.asyncio.Redis
) -> None:
    """However far back it is."""
    pipeline = redis_client.pipeline(transaction=False)
    for number in range(1, 3_000):
        pipeline.xadd(regime_stream(), {"pnl": 1, "regime": "BULL"}, id=f"{number}-0")
    pipeline.execute()
    for number in (3, 4, 5):
        add_trade(redis_client, None, entry_id=f"{number}-0")
    assert await trips(counting, WindowSettings()) == 2


@pytest.mark.parametrize("window", [50, 3_000])
async def test_later_loads_take_one_round_trip_however_long_the_windows_are(
    window: int, redis_client: redis.Redis, counting: redis.asyncio.Redis
) -> None:
    add_portfolio_entries(redis_client, range(1, 3_001))
    loader = MemoryLoader(counting, "quantum", WindowSettings(window, window, window))
    await loader.load()
    assert await trips_of(loader) == 1
    add_portfolio_entries(redis_client, range(3_001, 3_020))
    add_regime(redis_client, entry_id="3001-0")
    add_trade(redis_client, None, entry_id="3002-0")
    assert await trips_of(loader) == 1


async def test_later_loads_read_little_however_long_the_windows_are(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """What Redis sends for a later load is the newest entry of each stream, and what is new."""

    def sent_bytes() -> int:
        info: Any = redis_client.info("stats")
        return int(info["total_net_output_bytes"])

    add_portfolio_entries(redis_client, range(1, 3_001))
    taken = []
    for window in (50, 3_000):
        loader = MemoryLoader(async_client, "quantum", WindowSettings(window, window, window))
        await loader.load()
        before = sent_bytes()
        between = sent_bytes() - before
        await loader.load()
        taken.append(sent_bytes() - before - 2 * between)
    assert abs(taken[0] - taken[1]) < 100
    assert taken[1] < 2_000


async def test_a_backlog_longer_than_the_windows_is_not_read_through(
    redis_client: redis.Redis, counting: redis.asyncio.Redis
) -> None:
    add_portfolio_entries(redis_client, range(1, 100))
    loader = MemoryLoader(counting, "quantum", WindowSettings())
    await loader.load()
    add_portfolio_entries(redis_client, range(100, 3_000))
    assert await trips_of(loader) == 2
    large = MemoryLoader(counting, "quantum", WindowSettings(portfolio=2_000))
    await large.load()
    add_portfolio_entries(redis_client, range(3_000, 4_200))
    assert await trips_of(large) == 3


async def test_what_was_trimmed_is_dropped_without_reading_anything_again(
    redis_client: redis.Redis, counting: redis.asyncio.Redis
) -> None:
    add_portfolio_entries(redis_client, range(1, 41))
    loader = MemoryLoader(counting, "quantum", WindowSettings())
    await loader.load()
    redis_client.xtrim(portfolio_stream(), 7, approximate=False)
    assert await trips_of(loader) == 1
    redis_client.xdel(portfolio_stream(), "34-0")
    assert await trips_of(loader) == 1
    assert (await loader.load()).memory.portfolio.pnl.size == 6
    redis_client.xdel(portfolio_stream(), "37-0")
    assert await trips_of(loader) == 2, "a deletion in the middle is another matter"
