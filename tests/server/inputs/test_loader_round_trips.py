"""How often MemoryLoader goes to Redis: once at ordinary windows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import pytest
import redis
import redis.asyncio
from redis_inputs import add_portfolio, add_regime, add_trade, portfolio_stream

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.memory_loader import MemoryLoader
from strategic_memory_server.settings import WindowSettings


class CountingConnection(redis.asyncio.Connection):
    """Counts what it sends: a pipeline is sent as one."""

    sent = 0

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        type(self).sent += 1
        await super().send_packed_command(command, check_health)


@pytest.fixture
async def counting(redis_server: EmbeddedRedis) -> AsyncIterator[redis.asyncio.Redis]:
    pool = redis.asyncio.ConnectionPool(connection_class=CountingConnection, host="127.0.0.1", port=redis_server.port)
    async with redis.asyncio.Redis(connection_pool=pool, single_connection_client=False) as client:
        await client.ping()
        yield client
    await pool.disconnect()


async def trips(client: redis.asyncio.Redis, windows: WindowSettings) -> int:
    before = CountingConnection.sent
    await MemoryLoader(client, "quantum").load(windows)
    return CountingConnection.sent - before


async def test_one_round_trip_at_ordinary_windows(redis_client: redis.Redis, counting: redis.asyncio.Redis) -> None:
    assert await trips(counting, WindowSettings()) == 1
    for number in range(1, 200):
        add_regime(redis_client, entry_id=f"{number}-0")
        add_portfolio(redis_client, regime=None, entry_id=f"{number}-0")
        add_trade(redis_client, None, entry_id=f"{number}-0")
    assert await trips(counting, WindowSettings()) == 1


async def test_more_only_where_they_are_needed(redis_client: redis.Redis, counting: redis.asyncio.Redis) -> None:
    pipeline = redis_client.pipeline(transaction=False)
    for number in range(1, 4_502):
        pipeline.xadd(portfolio_stream(), {"pnl": 1, "regime": "BULL"}, id=f"{number}-0")
    pipeline.execute()
    assert await trips(counting, WindowSettings(portfolio=2_000)) == 1
    assert await trips(counting, WindowSettings(portfolio=4_500)) == 3
    redis_client.xadd(portfolio_stream(), {"pnl": "nan"})
    assert await trips(counting, WindowSettings(portfolio=50)) == 2
    add_trade(redis_client, None, entry_id="1-0")
    assert await trips(counting, WindowSettings(portfolio=10)) == 2
