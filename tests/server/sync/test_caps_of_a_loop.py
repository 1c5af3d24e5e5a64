"""The sync loop and the caps on leverage: when they are looked at, and what is kept of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis
import redis.asyncio
from advice import NOW_MS
from looking import caps_have_changed
from processes import aeventually
from redis_inputs import add_regime
from redis_kinds.whole_service import stored_feedback
from syncing import SETTINGS, syncing_with

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.revisions.caps_json import encode_caps
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS = LogKeys.under("quantum")


@pytest.mark.parametrize("reactive", [True, False])
async def test_a_cap_that_changes_starts_a_sync_however_long_the_interval_is(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, async_client: redis.asyncio.Redis, *, reactive: bool
) -> None:
    async with syncing_with(redis_server.url, replace(SETTINGS, reactive=reactive)) as syncing, syncing.running():
        await aeventually(lambda: len(syncing.told) == 1)
        redis_client.set("quantum:exposure:summary", '{"gross": 1, "max_leverage_hint": 0.4}')
        await aeventually(lambda: len(syncing.told) == 2)
        # What changes no cap starts none, whatever else is in the object.
        redis_client.set("quantum:exposure:summary", '{"gross": 2, "max_leverage_hint": "0.4"}')
        redis_client.set("quantum:risk:leverage_limits", "broken")
        assert not await caps_have_changed(syncing.sync._parts.loader, async_client)
        redis_client.delete("quantum:exposure:summary", "quantum:risk:leverage_limits")
        await aeventually(lambda: len(syncing.told) == 3)


@pytest.mark.parametrize("reactive", [True, False])
async def test_who_is_told_that_a_cap_has_changed_looks_at_once_and_syncs_where_it_has(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, *, reactive: bool
) -> None:
    settings = replace(SETTINGS, reactive=reactive)
    async with syncing_with(redis_server.url, settings, looks_s=3_600.0) as syncing, syncing.running():
        looked = list[bool]()
        look = syncing.sync._pace._bounds_have_changed

        async def noted() -> bool:
            looked.append(await look())
            return looked[-1]

        monkeypatch.setattr(syncing.sync._pace, "_bounds_have_changed", noted)
        await aeventually(lambda: len(syncing.told) == 1)
        syncing.sync.look_at_caps()
        await aeventually(lambda: looked == [False])
        redis_client.set("quantum:exposure:summary", '{"max_leverage_hint": 0.4}')
        syncing.sync.look_at_caps()
        await aeventually(lambda: len(syncing.told) == 2)
        assert looked == [False, True]


async def test_who_stands_by_and_is_told_that_a_cap_has_changed_reads_it_at_once(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with (
        syncing_with(redis_server.url),
        syncing_with(redis_server.url, SETTINGS, "another", looks_s=3_600.0) as standby,
        standby.running(),
    ):
        await aeventually(lambda: standby.told)
        redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.3}')
        standby.sync.look_at_caps()
        await aeventually(lambda: [cap.value for cap in standby.sync._parts.loader.caps.caps] == [0.3])


async def test_caps_are_kept_where_nothing_is_published_and_known_to_whoever_takes_over(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    """Also by a server that reads the key for the first time when it is broken, and by one that only stands by."""
    key = "quantum:risk:leverage_limits"
    redis_client.set(key, '{"max_leverage_hint": 0.3}')
    async with syncing_with(redis_server.url, SETTINGS) as first:
        await first.sync.cycle()
        (cap,) = first.sync._parts.loader.caps.caps
    redis_client.set(key, "null")
    async with syncing_with(redis_server.url, SETTINGS, "another") as standby:
        assert (await standby.sync.cycle()).outcome == "standby"
        assert standby.sync._parts.loader.caps.caps == (cap,)
    redis_client.delete(KEYS.lease)
    async with syncing_with(redis_server.url, SETTINGS) as second:
        assert (await second.sync.cycle()).outcome == "TOO_FEW_ENTRIES"
        assert second.sync._parts.loader.caps.caps == (cap,), "since when it is in force, too"
        assert await second.sync._parts.publisher.known_caps() == (cap,)
        for _ in range(3):
            add_regime(redis_client)
        await second.sync.cycle()
        said = stored_feedback(redis_client)
        assert (said["leverage_hint"], said["leverage_caps"]) == (0.3, encode_caps((cap,)))
        redis_client.delete("quantum:stream:meta.regime")
        assert (await second.sync.cycle()).outcome == "TOO_FEW_ENTRIES"
        assert await second.sync._parts.publisher.known_caps() == (cap,)


async def test_a_cap_that_was_read_as_it_was_compared_holds_though_no_sync_can_read_it(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    key, cap = "quantum:risk:leverage_limits", LeverageCap("risk:leverage_limits", 0.3, NOW_MS)
    redis_client.set(key, "null")
    for _ in range(3):
        add_regime(redis_client)
    async with syncing_with(redis_server.url) as syncing:
        await syncing.sync.cycle()
        assert stored_feedback(redis_client)["leverage_caps"] == []
        loader = syncing.sync._parts.loader
        assert not await caps_have_changed(loader, async_client)
        loader.caps._compared = lambda: (cap,)
        assert await caps_have_changed(loader, async_client), "though the key holds what it held"
        await syncing.sync.cycle()
        said = stored_feedback(redis_client)
        assert (said["leverage_hint"], said["leverage_caps"]) == (0.3, encode_caps((cap,)))
        assert not await caps_have_changed(loader, async_client)
        redis_client.delete(key)
        await syncing.sync.cycle()
        assert stored_feedback(redis_client)["leverage_caps"] == []


async def test_a_server_that_stands_by_looks_at_the_caps_however_long_the_interval_is(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with (
        syncing_with(redis_server.url),
        syncing_with(redis_server.url, SETTINGS, "another") as standby,
        standby.running(),
    ):
        await aeventually(lambda: standby.told)
        redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.3}')
        await aeventually(lambda: [cap.value for cap in standby.sync._parts.loader.caps.caps] == [0.3])
