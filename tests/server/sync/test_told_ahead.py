"""What Redis tells before a sync begins, so that the sync itself need not ask: behind an entry, and at a look."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
import redis
from processes import aeventually
from redis_inputs import add_regime, add_trade
from redis_kinds.whole_service import stored_feedback
from set_clocks import SecondsClock
from syncing import syncing_with

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.sync import sync_pace
from strategic_memory_server.sync.sync_pace import CAPS_S, loop_s


@pytest.mark.parametrize("waits", [False, True])
async def test_what_was_told_with_an_entry_is_taken_unless_the_sync_has_to_wait(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, *, waits: bool
) -> None:
    async with syncing_with(redis_server.url) as syncing:
        await syncing.sync.cycle()
        pace, watcher = syncing.sync._pace, syncing.sync._parts.watcher
        add_regime(redis_client)
        started_s = loop_s() + (600.0 if waits else -300.0)
        due = asyncio.create_task(pace.until_due(started_s, {"stream:meta.regime": "0-0"}, {}))
        await aeventually(lambda: watcher.arrived)
        pace.stop()
        assert await due
        assert watcher.ahead is not None
        assert watcher.ahead.replies
        assert pace.ahead is (None if waits else watcher.ahead)


async def test_a_cap_that_was_written_with_an_entry_binds_what_is_said_of_it(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    for _ in range(5):
        add_regime(redis_client)
    async with syncing_with(redis_server.url, looks_s=3_600.0) as syncing, syncing.running():
        await aeventually(lambda: syncing.told)
        for number in range(1, 20):
            told = len(syncing.told)
            cap = number / 100
            with redis_client.pipeline() as pipeline:
                pipeline.xadd("quantum:stream:meta.regime", {"regime": "BULL", "pnl": number})
                pipeline.set("quantum:exposure:summary", f'{{"max_leverage_hint": {cap}}}')
                pipeline.execute()
            await aeventually(partial(syncing.has_told_more_than, told))
            assert stored_feedback(redis_client)["leverage_hint"] == cap


async def test_a_look_tells_whether_redis_holds_the_long_memory(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        add_trade(redis_client)
    async with syncing_with(redis_server.url) as syncing:
        await syncing.sync.cycle()
        long_memory, look = syncing.sync._parts.long_memory, syncing.sync._reading.bounds_have_changed
        known = long_memory._stored
        assert known is not None
        monkeypatch.setattr(long_memory, "_clock_s", lambda: 1e9)
        assert not await look(CAPS_S)

        async def asked_again(stored: object) -> bool:
            raise AssertionError("the look has told it")

        monkeypatch.setattr(long_memory._store, "is_there", asked_again)
        assert (await long_memory.gather()).stored is known
        redis_client.delete(MemoryKeys.under("quantum").evidence)
        assert not await look(CAPS_S)
        assert long_memory._stored is None


async def test_a_look_that_takes_long_puts_no_sync_off(
    redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process, or Redis, stands still for 8 s in the middle of it, where many portfolios are looked at rarely."""
    async with syncing_with(redis_server.url, looks_s=10.0) as syncing:
        pace, clock = syncing.sync._pace, SecondsClock()
        monkeypatch.setattr(sync_pace, "loop_s", clock)

        async def looks(_looks_s: float) -> bool:
            clock.now_s += 8.0
            return False

        async def waits(_read_up_to: object, timeout_s: float, _heads: object) -> bool:
            clock.now_s += timeout_s
            return False

        monkeypatch.setattr(pace._reading, "bounds_have_changed", looks)
        monkeypatch.setattr(pace._watcher, "wait", waits)
        pace.look()
        await pace.until_due(clock.now_s, {"stream:meta.regime": "0-0"}, {}, ends_in_s=9.0)
        assert clock.now_s == pytest.approx(SecondsClock().now_s + 9.0, abs=0.01)
