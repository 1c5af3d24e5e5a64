"""What an operator or another program does to Redis: deletes keys, empties it, fills it up, keeps it busy."""

from __future__ import annotations

import asyncio
import time

from chaos.stage import Stage
from faults.busy_script import busy_script
from redis import Redis

_UNDER_FEEDBACK = ("", ":state", ":lease", ":fencing_token", ":evidence", ":trade_ids")
_STREAMS = ("", ":pulse")

_ROOM_FOR_NOTHING = 1
_ROOM_FOR_A_KEY = 1_000
"""Bytes."""


def own_keys(prefix: str) -> list[str]:
    """Return the names of what the service keeps in Redis (docs/redis.md)."""
    feedback = [f"{prefix}:feedback:strategic_memory{name}" for name in _UNDER_FEEDBACK]
    return feedback + [f"{prefix}:stream:strategic_feedback{name}" for name in _STREAMS]


async def each_key_deleted(stage: Stage) -> None:
    """Delete each of the service's own keys, one after the other, in an order that is drawn."""
    keys = own_keys(stage.redis.prefix)
    for key in stage.draw.sample(keys, len(keys)):
        await _delete(stage, [key])
        await stage.progress()
        await stage.more_revisions(1)


async def some_keys_deleted(stage: Stage) -> None:
    """Delete some of the service's own keys at once, several times."""
    keys = own_keys(stage.redis.prefix)
    for _ in range(4):
        await _delete(stage, stage.draw.sample(keys, stage.draw.randint(2, len(keys))))
        await stage.progress()
        await stage.more_revisions(1)


async def database_flushed(stage: Stage) -> None:
    """Delete everything, inputs too."""
    with stage.redis_client() as client:
        await asyncio.to_thread(client.flushdb)


async def keys_evicted(stage: Stage) -> None:
    """Let Redis reach `maxmemory` under a policy that deletes keys, several times, until it has deleted some."""
    for _ in range(3):
        with stage.redis_client() as client:
            await asyncio.to_thread(_evict, client, stage.draw.choice(["allkeys-random", "allkeys-lru"]))
        await stage.progress()
        await stage.more_revisions(1)


async def keys_evicted_and_leader_killed(stage: Stage) -> None:
    """Kill the leader, and let Redis delete keys before another leads, which may be the lease."""
    leader = await stage.leader()
    since_ms = stage.recorder.clock.now_ms()
    await leader.kill()
    with stage.redis_client() as client:
        await asyncio.to_thread(_evict, client, "allkeys-random")
    await stage.another_leader(leader, since_ms)
    await leader.start()


async def redis_full(stage: Stage) -> None:
    """Let Redis reach `maxmemory`, so that it refuses whatever needs memory, until some entries were refused."""
    await _fill(stage)
    try:
        await _entries_refused(stage)
    finally:
        await _make_room(stage)


async def redis_full_and_leader_killed(stage: Stage) -> None:
    """Do the same, and kill the leader meanwhile: nobody can take its place until there is room."""
    leader = await stage.leader()
    await _fill(stage)
    try:
        await leader.kill()
        await _entries_refused(stage)
    finally:
        await _make_room(stage)
    await stage.progress()
    await leader.start()


async def redis_busy(stage: Stage) -> None:
    """Run scripts without an end, each until it is killed: Redis refuses everything else meanwhile, reads too."""
    with stage.redis_client() as client:
        for _ in range(stage.draw.randint(3, 6)):
            await asyncio.to_thread(_keep_busy, client, stage.settings.lease_s * stage.draw.uniform(0.05, 1.3))
            await stage.progress()


async def _delete(stage: Stage, keys: list[str]) -> None:
    with stage.redis_client() as client:
        await asyncio.to_thread(client.delete, *keys)


def _evict(client: Redis, policy: str) -> None:
    """Let Redis delete keys until it has deleted one or more; it blocks."""
    evicted = int(client.info("stats")["evicted_keys"])
    client.config_set("maxmemory-policy", policy)
    try:
        while int(client.info("stats")["evicted_keys"]) == evicted:
            # A little less than is in use: what is deleted for it is a key or a few.
            client.config_set("maxmemory", int(client.info("memory")["used_memory"]) - _ROOM_FOR_A_KEY)
            client.echo("")
    finally:
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")


async def _fill(stage: Stage) -> None:
    with stage.redis_client() as client:
        await asyncio.to_thread(client.config_set, "maxmemory", _ROOM_FOR_NOTHING)


async def _make_room(stage: Stage) -> None:
    with stage.redis_client() as client:
        await asyncio.to_thread(client.config_set, "maxmemory", 0)


async def _entries_refused(stage: Stage) -> None:
    refused = stage.producer.failures + stage.draw.randint(3, 40)
    await stage.until(lambda: stage.producer.failures >= refused, "the producer's entries are refused")


def _keep_busy(client: Redis, seconds: float) -> None:
    """Run a script for so long, or a little longer; it blocks."""
    with busy_script(client):
        time.sleep(seconds)
