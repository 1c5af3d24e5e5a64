"""The caps on leverage that the loader reads from a real Redis."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

import pytest
import redis
import redis.asyncio
from looking import caps_have_changed

from strategic_memory_server.inputs.json_inputs import MAX_BYTES
from strategic_memory_server.inputs.leverage_caps import CAP_COMMANDS, CAP_SOURCES, HeldCaps
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.inputs.value_inputs import ValueInputs, commands
from strategic_memory_server.memory.leverage_cap import LeverageCap, by_source
from strategic_memory_server.memory.window_settings import WindowSettings

EXPOSURE, LIMITS = CAP_SOURCES


@pytest.fixture(params=[0.0, 3_600.0], ids=["reads_all_values", "reads_caps_alone"])
async def loader(async_client: redis.asyncio.Redis, request: pytest.FixtureRequest) -> MemoryLoader:
    """One that reads all values each time, and one that reads the others again only where a cap has changed."""
    return MemoryLoader(async_client, "quantum", WindowSettings(), values_s=request.param)


async def test_no_write_of_a_producer_lifts_a_cap_that_was_read(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, loader: MemoryLoader
) -> None:
    """Against a real Redis: empty values, other types and large ones look different there."""

    async def caps() -> dict[str, float]:
        return by_source((await loader.load()).memory.context.leverage_caps)

    keys = {source: f"quantum:{source}" for source in CAP_SOURCES}
    assert await caps() == {}
    redis_client.set(keys[LIMITS], '{"max_leverage_hint": "0.6"}')
    redis_client.set(keys[EXPOSURE], '{"max_leverage_hint": 0.7, "gross": 2}')
    assert await caps() == {LIMITS: 0.6, EXPOSURE: 0.7}
    writes: list[Callable[[str], object]] = [
        lambda key: redis_client.set(key, ""),
        lambda key: redis_client.set(key, b"\xff\xfe"),
        lambda key: redis_client.set(key, json.dumps({"max_leverage_hint": 1.9, "more": "x" * MAX_BYTES})),
        lambda key: redis_client.hset(key, "max_leverage_hint", "2"),
        lambda key: redis_client.rpush(key, '{"max_leverage_hint": 2}'),
    ]
    random = Random(5)
    for write in writes * 2:
        for source in random.sample(CAP_SOURCES, random.choice((1, 2))):
            redis_client.delete(keys[source])
            write(keys[source])
            loaded = await loader.load()
            refused = {each.source for each in loaded.rejected}
            assert source in refused
            assert by_source(loaded.memory.context.leverage_caps) == {LIMITS: 0.6, EXPOSURE: 0.7}
            assert not await caps_have_changed(loader, async_client)
    redis_client.delete(keys[LIMITS])
    assert await caps_have_changed(loader, async_client)
    assert await caps() == {EXPOSURE: 0.7}
    redis_client.set(keys[EXPOSURE], '{"maxLeverageHint": 0.7}')
    loaded = await loader.load()
    noted = {report.source: dict(report.noted) for report in loaded.memory.sources if report.noted}
    assert noted == {
        LIMITS: {"leverage_cap_lifted": 1},
        EXPOSURE: {"leverage_cap_lifted": 1, "leverage_cap_perhaps_misspelt": 1},
    }


async def test_a_loader_for_one_analysis_knows_the_caps_in_force(
    redis_client: redis.Redis, loader: MemoryLoader
) -> None:
    redis_client.set(f"quantum:{LIMITS}", "broken")
    known = (LeverageCap(LIMITS, 0.3, 1),)
    other = loader.another(WindowSettings(), known)
    assert (await other.load()).memory.context.leverage_caps == known
    assert (await loader.load()).memory.context.leverage_caps == ()


def test_a_reading_that_fails_leaves_no_caps_behind_for_the_replies_that_came_before() -> None:
    """What some commands were answered where another one was refused, as by a proxy, is no reading."""

    def replies(cap: float, more: object = b"") -> list[object]:
        values = commands("quantum")[CAP_COMMANDS:]
        return [b"", json.dumps({"max_leverage_hint": cap}).encode(), 0, 1, *(more for _ in values)]

    inputs = ValueInputs(HeldCaps(lambda: 1))
    assert by_source(inputs.read(replies(0.5)).context.leverage_caps) == {LIMITS: 0.5}
    with pytest.raises(redis.ResponseError):
        inputs.read(replies(1.5, redis.ResponseError("upstream failure")))
    assert by_source(inputs.read(replies(0.5)).context.leverage_caps) == {LIMITS: 0.5}
