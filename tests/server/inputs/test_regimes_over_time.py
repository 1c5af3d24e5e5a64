"""Regimes that entries take from observations, while observations come late and are trimmed."""

from __future__ import annotations

import pytest
import redis
import redis.asyncio
from input_streams import START_MS
from memory_rows import report_of, rows_of
from redis_inputs import add_portfolio, add_regime, add_trade, regime_stream

from strategic_memory_server.entries import input_keys
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.memory.window_settings import WindowSettings

SMALL = WindowSettings(regime=5, portfolio=5, trades=5)


@pytest.fixture
def loader(async_client: redis.asyncio.Redis) -> MemoryLoader:
    return MemoryLoader(async_client, "quantum", SMALL)


async def test_a_trimmed_observation_takes_its_regime_with_it(loader: MemoryLoader, redis_client: redis.Redis) -> None:
    """Also where a malformed observation is the first one that is left."""
    add_regime(redis_client, "BULL", entry_id="10-0")
    add_regime(redis_client, "", entry_id="11-0")
    add_regime(redis_client, "BEAR", entry_id="20-0")
    for number in (10, 12, 25):
        add_portfolio(redis_client, regime=None, entry_id=f"{number}-0")
    assert [row.regime for row in rows_of((await loader.load()).memory).portfolio] == ["BULL", "BULL", "BEAR"]
    redis_client.xtrim(regime_stream(), 2, approximate=False)
    memory = (await loader.load()).memory
    assert [row.regime for row in rows_of(memory).portfolio] == ["UNKNOWN", "UNKNOWN", "BEAR"]
    noted = report_of(memory, input_keys.PORTFOLIO_MEMORY).noted
    assert noted == {"regime_inferred": 1, "regime_not_observed": 2, "id_is_no_time": 3}


def regimes_traded(memory: StrategicMemory) -> list[str]:
    return [row.regime for row in rows_of(memory).trades]


async def test_an_observation_that_an_entry_was_opened_in_is_not_guessed_once_it_is_trimmed(
    loader: MemoryLoader, redis_client: redis.Redis
) -> None:
    """Whether it was trimmed before the entry was read or after, and although others were seen until it was closed."""
    ids = (START_MS + 10, START_MS + 20, START_MS + 30, START_MS + 40)
    for time_ms, name in zip(ids, ("BULL", "BEAR", "RANGE", "VOLATILE"), strict=True):
        add_regime(redis_client, name, entry_id=f"{time_ms}-0")
    for number, opened_at in enumerate((str(ids[1]), str(ids[2]), str(ids[0]), ""), 50):
        add_trade(redis_client, None, entry_id=f"{START_MS + number}-0", opened_at=opened_at)
    assert regimes_traded((await loader.load()).memory) == ["BEAR", "RANGE", "BULL", "VOLATILE"]
    for left, expected in ((3, ["BEAR", "RANGE"]), (2, ["UNKNOWN", "RANGE"]), (1, ["UNKNOWN", "UNKNOWN"])):
        redis_client.xtrim(regime_stream(), left, approximate=False)
        memory = (await loader.load()).memory
        assert regimes_traded(memory) == [*expected, "UNKNOWN", "VOLATILE"]
        assert report_of(memory, input_keys.TRADE_RESULTS).noted == {
            "regime_inferred": 1 + sum(name != "UNKNOWN" for name in expected),
            "regime_not_observed": 1 + expected.count("UNKNOWN"),
            "regime_as_of_close": 1,
        }
    add_trade(redis_client, None, entry_id=f"{START_MS + 60}-0", opened_at=ids[2])
    assert regimes_traded((await loader.load()).memory)[-1] == "UNKNOWN"


async def test_an_observation_that_comes_late_changes_no_entry_that_was_opened_before_it(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """Nor one whose own observation has left the window since."""
    loader = MemoryLoader(async_client, "quantum", WindowSettings(regime=1, portfolio=5, trades=5))
    for time_ms, name in ((START_MS + 10, "BULL"), (START_MS + 20, "BEAR")):
        add_regime(redis_client, name, entry_id=f"{time_ms}-0")
    for number, opened_ms in enumerate((START_MS + 12, START_MS + 35, START_MS + 42), 50):
        add_trade(redis_client, None, entry_id=f"{START_MS + number}-0", opened_at=opened_ms)
    assert regimes_traded((await loader.load()).memory) == ["BULL", "BEAR", "BEAR"]
    add_regime(redis_client, "RANGE", entry_id=f"{START_MS + 40}-0")
    assert regimes_traded((await loader.load()).memory) == ["BULL", "BEAR", "RANGE"]


async def test_entries_without_an_opening_are_told_where_others_have_one(
    loader: MemoryLoader, redis_client: redis.Redis
) -> None:
    def noted(memory: StrategicMemory) -> dict[str, int]:
        return dict(report_of(memory, input_keys.PORTFOLIO_MEMORY).noted)

    add_regime(redis_client, entry_id=f"{START_MS}-0")
    add_portfolio(redis_client, regime=None, entry_id=f"{START_MS + 1}-0")
    add_portfolio(redis_client, regime="BULL", entry_id=f"{START_MS + 2}-0")
    assert noted((await loader.load()).memory) == {"regime_inferred": 1}, "nobody tells an opening"
    add_portfolio(redis_client, regime="BULL", entry_id=f"{START_MS + 3}-0", opened_at=START_MS + 1)
    assert noted((await loader.load()).memory) == {"regime_inferred": 1, "regime_as_of_close": 1}
    # Where ids are no times, no opening can be compared with them.
    redis_client.flushall()
    add_regime(redis_client, entry_id="1-0")
    add_portfolio(redis_client, regime=None, entry_id="2-0", opened_at=START_MS + 1)
    no_times = {"id_is_no_time": 1}
    assert noted((await loader.load()).memory) == {"regime_inferred": 1, "regime_as_of_close": 1, **no_times}


async def test_an_observation_that_came_late_and_was_trimmed_leaves_no_regime_behind(
    loader: MemoryLoader, redis_client: redis.Redis
) -> None:
    async def regimes() -> list[str]:
        return [row.regime for row in rows_of((await loader.load()).memory).portfolio]

    add_portfolio(redis_client, regime=None, entry_id="20-0")
    assert await regimes() == ["UNKNOWN"]
    add_regime(redis_client, "BULL", entry_id="15-0")
    assert await regimes() == ["BULL"]
    add_regime(redis_client, "BEAR", entry_id="30-0")
    assert await regimes() == ["BULL"]
    redis_client.xtrim(regime_stream(), 1, approximate=False)
    assert await regimes() == ["UNKNOWN"]
