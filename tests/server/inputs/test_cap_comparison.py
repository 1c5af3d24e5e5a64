"""Caps of many portfolios are compared together: who advises for one is told that something else stands there."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AbstractContextManager

import pytest
import redis
import redis.asyncio

from strategic_memory_server.inputs import cap_comparison
from strategic_memory_server.inputs.cap_comparison import AT_ONCE, CapComparison
from strategic_memory_server.inputs.leverage_caps import CAP_VALUES, cap_commands

LIMITS = "p{number}:risk:leverage_limits"


class Told(Counter[int]):
    """How often each was told."""

    def watch(self, watch: CapComparison, number: int) -> AbstractContextManager[None]:
        asks = cap_commands(f"p{number}")[:CAP_VALUES]
        return watch.watching(asks, lambda: self.update([number]))


async def test_who_is_told_is_whose_cap_has_changed(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    watch, told = CapComparison(async_client), Told()
    many = 2 * AT_ONCE + 1
    contexts = [told.watch(watch, number) for number in range(many)]
    for context in contexts:
        context.__enter__()
    await watch.compare()
    assert told == dict.fromkeys(range(many), 1)
    told.clear()
    await watch.compare()
    assert not told
    redis_client.set(LIMITS.format(number=AT_ONCE + 3), '{"max_leverage_hint": 0.3}')
    await watch.compare()
    assert told == {AT_ONCE + 3: 1}
    told.clear()
    redis_client.rpush(LIMITS.format(number=many - 1), "of another type")
    await watch.compare()
    assert told == {many - 1: 1}
    told.clear()
    redis_client.delete(LIMITS.format(number=AT_ONCE + 3))
    contexts[many - 1].__exit__(None, None, None)
    redis_client.delete(LIMITS.format(number=many - 1))
    await watch.compare()
    assert told == {AT_ONCE + 3: 1}


async def test_it_goes_on_when_redis_comes_back(
    async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cap_comparison, "PASS_S", 0.001)
    watch = CapComparison(async_client)
    compare, compared = watch.compare, asyncio.Event()

    async def fails_first() -> None:
        monkeypatch.setattr(watch, "compare", compare)
        raise redis.ConnectionError

    monkeypatch.setattr(watch, "compare", fails_first)
    asks = cap_commands("p1")[:CAP_VALUES]
    running = asyncio.create_task(watch.run())
    with watch.watching(asks, compared.set):
        async with asyncio.timeout(30):
            await compared.wait()
    running.cancel()
