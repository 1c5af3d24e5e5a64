"""Portfolios that others are to sync and nobody does are told, once that is no restart any more."""

from __future__ import annotations

from contextlib import nullcontext

import redis
import redis.asyncio
from set_clocks import SecondsClock
from structlog.testing import capture_logs
from syncing import SETTINGS

from strategic_memory_server.configuration.portfolio_settings import PortfolioSettings
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.memory.portfolio_name import DEFAULT
from strategic_memory_server.memory.shard import Shard
from strategic_memory_server.portfolios.unsynced_portfolios import LOOKED_AT, MISSED_S, UNSYNCED, UnsyncedPortfolios
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_settings import LogSettings

Redis = redis.asyncio.Redis

NAMES = [f"desk-{number}" for number in range(3 * LOOKED_AT)]


def lease_of(name: str) -> str:
    return LogKeys.under(f"quantum:{name}").lease


def watching(client: Redis, names: list[str], shards: int | None) -> tuple[UnsyncedPortfolios, Problems, SecondsClock]:
    problems, clock = Problems(), SecondsClock()
    listed = {name: PortfolioSettings(f"quantum:{name}", SETTINGS, LogSettings()) for name in names}
    return (
        UnsyncedPortfolios(
            lambda: listed,
            "quantum",
            lambda name: name == DEFAULT,
            lambda prefix: nullcontext(client),
            problems,
            shards,
            clock_s=clock,
        ),
        problems,
        clock,
    )


async def test_a_shard_that_nobody_runs_is_told_after_a_minute_and_until_somebody_does(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    of_2 = [name for name in NAMES if Shard(2, 4).has(name)]
    led = [name for name in NAMES if not Shard(2, 4).has(name) and not Shard(0, 4).has(name)]
    redis_client.mset({lease_of(name): "1 other" for name in led})
    unsynced, problems, clock = watching(async_client, [*led, *of_2], 4)
    for _ in range(2):
        await unsynced.look()
        clock.now_s += MISSED_S - 1
    assert not problems.standing
    clock.now_s += 1
    await unsynced.look()
    assert "shard 2 of 4 (STRATEGIC_MEMORY_SHARD)" in problems.standing[UNSYNCED]
    assert "desk-" not in problems.standing[UNSYNCED], "everybody may read it"
    for _ in range(2):
        for _ in range(4):
            await unsynced.look()
        clock.now_s += MISSED_S
    await unsynced.look()
    assert f" {len(of_2)} at least; start servers for shard 2 of 4" in problems.standing[UNSYNCED]
    redis_client.mset({lease_of(name): "1 other" for name in of_2})
    for _ in range(len(NAMES)):
        await unsynced.look()
    assert not problems.standing


async def test_every_one_of_many_is_looked_at(async_client: Redis, redis_client: redis.Redis) -> None:
    for missing in (NAMES[0], max(NAMES)):
        redis_client.flushall()
        redis_client.mset({lease_of(name): "1 other" for name in NAMES if name != missing})
        unsynced, problems, clock = watching(async_client, NAMES, None)
        for _ in range(2):
            for _ in range(4):
                await unsynced.look()
            clock.now_s += MISSED_S
        await unsynced.look()
        assert " 1 at least; " in problems.standing[UNSYNCED], missing
        assert "STRATEGIC_MEMORY_ROLE" in problems.standing[UNSYNCED]


async def test_those_that_join_others_are_named_in_the_log_too(async_client: Redis, redis_client: redis.Redis) -> None:
    """One that was forgotten in the list months ago keeps nothing about a shard that is gone from being told."""
    unsynced, problems, clock = watching(async_client, ["forgotten", "lost", "led"], 2)
    redis_client.mset({lease_of(name): "1 other" for name in ("lost", "led")})
    named = []
    for _ in range(2):
        with capture_logs() as lines:
            for _ in range(4):
                await unsynced.look()
                clock.now_s += MISSED_S
        named.append([line["portfolios"] for line in lines if line["event"] == "Portfolios are synced by nobody"])
        redis_client.delete(lease_of("lost"))
    assert named == [[["forgotten"]], [["lost"]]]
    assert " 2 at least; " in problems.standing[UNSYNCED]


async def test_a_look_is_one_round_trip(async_client: Redis, redis_client: redis.Redis) -> None:
    unsynced, _, _ = watching(async_client, NAMES, 4)
    await unsynced.look()
    before = int(redis_client.info("stats")["total_reads_processed"])
    # As many again are looked at that were missed just now.
    await unsynced.look()
    # That of the look, and INFO itself.
    assert int(redis_client.info("stats")["total_reads_processed"]) - before <= 2


async def test_a_restart_is_no_such_thing_and_redis_away_says_nothing(
    async_client: Redis, redis_client: redis.Redis
) -> None:
    unsynced, problems, clock = watching(async_client, ["alpha"], 2)
    await unsynced.look()
    clock.now_s += MISSED_S / 2
    redis_client.set(lease_of("alpha"), "1 other")
    await unsynced.look()
    clock.now_s += MISSED_S
    redis_client.delete(lease_of("alpha"))
    await unsynced.look()
    assert not problems.standing
    clock.now_s += MISSED_S
    async with connect(RedisSettings(url="redis://127.0.0.1:1/0")) as nowhere:
        away, told, _ = watching(nowhere, ["alpha"], 2)
        await away.look()
    assert not told.standing
