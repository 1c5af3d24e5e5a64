"""What is asked ahead of a load: where nothing is new nothing is read, and whatever is new is found all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
import redis.asyncio
from redis_inputs import add_portfolio, add_regime, add_trade, portfolio_stream, regime_stream, trade_stream

from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.inputs import resting_streams
from strategic_memory_server.inputs.loaded_memory import LoadedMemory
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access.round_trip import round_trip

Change = Callable[[redis.Redis], object]


@pytest.fixture
async def loader(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> MemoryLoader:
    for number in range(1, 9):
        add_regime(redis_client, entry_id=f"{number}-0", pnl=number)
        add_portfolio(redis_client, number)
        add_trade(redis_client, "BULL", number)
    loader = MemoryLoader(async_client, "quantum", WindowSettings())
    await loader.load()
    return loader


async def load_ahead(loader: MemoryLoader, client: redis.asyncio.Redis) -> LoadedMemory:
    ahead = loader.ask_ahead()
    assert ahead is not None
    ahead.replies = await round_trip(client, ahead.commands)
    return await loader.load(arrived={}, ahead=ahead)


def pages_read(client: redis.Redis) -> int:
    stats = client.info("commandstats")
    return sum(int(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]) for name in ("xrange", "xrevrange"))


async def test_where_nothing_is_new_no_stream_is_read_and_the_memory_is_what_a_new_loader_gives(
    loader: MemoryLoader, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        redis_client.config_resetstat()
        redis_client.set("quantum:governance:policy", "BALANCED")
        loaded = await load_ahead(loader, async_client)
        assert pages_read(redis_client) == 0
        assert (loaded.rejected, loaded.new_trades, loaded.is_behind, loader.newest()) == ((), None, False, [])
        fresh = await loader.another(WindowSettings(), ()).load()
        assert loaded.read_up_to == fresh.read_up_to
        assert PatternAnalyzer().analyze(loaded.memory) == PatternAnalyzer().analyze(fresh.memory)
        assert loaded.memory.context == fresh.memory.context
        assert loaded.memory.sources == fresh.memory.sources


def replace_last(client: redis.Redis) -> None:
    """Delete the newest trade and add another one: the stream is as long as before."""
    info: dict[str, Any] = client.xinfo_stream(trade_stream())
    client.xdel(trade_stream(), info["last-entry"][0])
    add_trade(client, "BEAR", -1.0)


def restore_shorter(client: redis.Redis) -> None:
    """Put back a trade stream of fewer entries, as after a failover to a replica that was behind."""
    client.xtrim(trade_stream(), maxlen=3, approximate=False)
    before = client.dump(trade_stream())
    assert isinstance(before, bytes)
    add_trade(client, "BEAR", -1.0)
    client.restore(trade_stream(), 0, before, replace=True)


CHANGES: dict[str, Change] = {
    "an entry": lambda client: add_trade(client, "BEAR", -1.0),
    "an entry that is malformed": lambda client: client.xadd(regime_stream(), {"regime": "BULL", "pnl": "much"}),
    "one was deleted": lambda client: client.xdel(regime_stream(), "6-0"),
    "the last is another one": replace_last,
    "a shorter one was restored": restore_shorter,
    "some were trimmed": lambda client: client.xtrim(trade_stream(), maxlen=3, approximate=False),
    "another type": lambda client: (client.delete(portfolio_stream()), client.set(portfolio_stream(), "text")),
    "a stream is gone": lambda client: client.delete(portfolio_stream()),
    "all is gone": lambda client: client.flushall(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_whatever_is_new_is_found(
    change: Change, loader: MemoryLoader, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    await load_ahead(loader, async_client)
    change(redis_client)
    loaded = await load_ahead(loader, async_client)
    fresh = await loader.another(WindowSettings(), ()).load()
    assert loaded.read_up_to == fresh.read_up_to
    assert PatternAnalyzer().analyze(loaded.memory) == PatternAnalyzer().analyze(fresh.memory)
    assert len(loaded.rejected) == len(fresh.rejected)


async def test_after_what_was_read_on_and_once_in_a_while_they_are_read_in_any_case(
    loader: MemoryLoader, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loader.ask_ahead() is not None
    add_regime(redis_client)
    await loader.load()
    # The windows were added to: what was deleted meanwhile may not have been seen.
    assert loader.ask_ahead() is None
    await loader.load(reread=True)
    assert loader.ask_ahead() is not None
    monkeypatch.setattr(resting_streams, "REST_S", 0.0)
    await loader.load(reread=True)
    assert loader.ask_ahead() is None


async def test_what_was_asked_behind_an_entry_does_not_answer_that(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """It reads fewer values, so it is read as what it is though the streams are what they were."""
    add_regime(redis_client)
    redis_client.set("quantum:governance:policy", "BALANCED")
    loader = MemoryLoader(async_client, "quantum", WindowSettings())
    before = (await loader.load()).memory
    behind = loader.ask_behind()
    behind.replies = await round_trip(async_client, behind.commands)
    assert (await loader.load(arrived={}, ahead=behind)).memory.context == before.context
