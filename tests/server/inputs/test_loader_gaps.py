"""Entries that MemoryLoader could not read because they were trimmed first: they are told, and told once."""

from __future__ import annotations

from typing import Any

import pytest
import redis
import redis.asyncio
import structlog
from memory_rows import report_of
from redis_inputs import add_portfolio, add_regime, portfolio_stream, regime_stream, trade_stream

from strategic_memory_server.entries import input_keys
from strategic_memory_server.entries.notes import PERHAPS_TRIMMED_BEFORE_READ, TRIMMED_BEFORE_READ
from strategic_memory_server.inputs import load_log
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.memory.window_settings import WindowSettings

SMALL = WindowSettings(regime=5, portfolio=5, trades=5)
LONG = WindowSettings(regime=20_000, portfolio=20_000, trades=20_000)


@pytest.fixture
def loader(async_client: redis.asyncio.Redis) -> MemoryLoader:
    return MemoryLoader(async_client, "quantum", SMALL)


def tells_of_trimmed_entries(client: redis.Redis) -> bool:
    """Whether Redis counts what was ever added to a stream: since version 7."""
    info: Any = client.info("server")
    return int(info["redis_version"].split(".")[0]) >= 7


async def test_entries_that_were_trimmed_before_they_were_read_are_told(
    loader: MemoryLoader, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_portfolio(redis_client)
    await loader.load()
    for _ in range(10):
        redis_client.xadd(portfolio_stream(), {"pnl": 1, "regime": "BEAR"}, maxlen=2, approximate=False)
    expected = {TRIMMED_BEFORE_READ: 8} if tells_of_trimmed_entries(redis_client) else {PERHAPS_TRIMMED_BEFORE_READ: 1}
    with structlog.testing.capture_logs() as logged:
        memory = (await loader.load()).memory
    (line,) = [line for line in logged if "trimmed" in line["event"]]
    assert (line["log_level"], line["source"]) == ("warning", input_keys.PORTFOLIO_MEMORY)
    assert line["entries"] == expected.get(TRIMMED_BEFORE_READ)
    assert "MAXLEN" in line["advice"]
    report = report_of(memory, input_keys.PORTFOLIO_MEMORY)
    assert (report.accepted, report.noted) == (2, expected)
    assert loader.gaps == {input_keys.PORTFOLIO_MEMORY: 1}
    assert report_of((await loader.load()).memory, input_keys.PORTFOLIO_MEMORY).noted == expected, "until it is full"
    for _ in range(3):
        add_portfolio(redis_client)
    assert report_of((await loader.load()).memory, input_keys.PORTFOLIO_MEMORY).noted == {}
    assert loader.gaps == {input_keys.PORTFOLIO_MEMORY: 1}


async def test_gaps_are_logged_once_in_a_while(loader: MemoryLoader, redis_client: redis.Redis) -> None:
    with structlog.testing.capture_logs() as logged:
        for _ in range(4):
            for _ in range(5):
                redis_client.xadd(trade_stream(), {"realized_pnl": 1, "market_regime": "A"}, maxlen=1)
                redis_client.xtrim(trade_stream(), 1, approximate=False)
            await loader.load()
    found = loader.gaps[input_keys.TRADE_RESULTS]
    assert found >= 3
    assert len([line for line in logged if "trimmed" in line["event"]]) == 1
    assert load_log.GAPS_S == 60.0


async def test_trimming_and_emptying_between_loads_is_no_gap(loader: MemoryLoader, redis_client: redis.Redis) -> None:
    for _ in range(8):
        add_regime(redis_client)
    await loader.load()
    redis_client.xtrim(regime_stream(), 1, approximate=False)
    assert (await loader.load()).memory.sample_count == 1
    redis_client.xtrim(regime_stream(), 0, approximate=False)
    assert (await loader.load()).memory.sample_count == 0
    for _ in range(4):
        add_regime(redis_client)
    assert (await loader.load()).memory.sample_count == 4
    redis_client.delete(regime_stream())
    assert (await loader.load()).memory.sample_count == 0
    add_regime(redis_client, entry_id="5-0")
    assert (await loader.load()).memory.sample_count == 1
    assert loader.gaps == {}
