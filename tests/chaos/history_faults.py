"""What is done to log and lease in a Redis that goes on running: set back, swapped, written to, never ending."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from chaos.moved_clock import MovedClockRedis
from chaos.operator_faults import own_keys
from chaos.stage import Stage
from redis import Redis
from redis.exceptions import ResponseError

_LEASE = "feedback:strategic_memory:lease"
_AHEAD_MS = 5_000
"""By so much a clock is set forward: more than a lease lasts."""


async def log_set_back(stage: Stage) -> None:
    """Put a backup of the service's own keys back over them, some revisions later, all at once."""
    with stage.redis_client() as client:
        backup = await asyncio.to_thread(_backup, client, own_keys(stage.redis.prefix))
        await stage.more_revisions(stage.draw.randint(2, 6))
        await asyncio.to_thread(_put_back, client, backup, own_keys(stage.redis.prefix))


async def log_set_back_and_leader_killed(stage: Stage) -> None:
    """Do the same as the leader is killed: one that knows what was said takes over."""
    leader = await stage.leader()
    await log_set_back(stage)
    await leader.kill()
    await stage.progress()
    await leader.start()


async def databases_swapped(stage: Stage) -> None:
    """Put another data set in the place of this one, let that be synced, and swap back."""
    with stage.redis_client() as client:
        await asyncio.to_thread(client.swapdb, 0, 1)
        await stage.progress()
        await stage.more_revisions(stage.draw.randint(1, 4))
        await asyncio.to_thread(client.swapdb, 0, 1)


async def stray_entries(stage: Stage) -> None:
    """Write entries into the log as another program would: no feedback, and one that no contract allows."""
    log = f"{stage.redis.prefix}:stream:strategic_feedback"
    with stage.redis_client() as client:
        for kind in stage.draw.sample(["nothing", "reckless", "ahead"], 3):
            # The leader may write between the look at the newest entry and the one after it.
            while not await asyncio.to_thread(_is_stray_written, client, log, kind):
                pass
            await stage.progress()
            await stage.more_revisions(1)


async def lease_that_outlives(stage: Stage) -> None:
    """Let the lease of a leader that is killed last for an hour, or for ever."""
    leader = await stage.leader()
    since_ms = stage.recorder.clock.now_ms()
    await leader.kill()
    with stage.redis_client() as client:
        await asyncio.to_thread(_prolong, client, f"{stage.redis.prefix}:{_LEASE}", stage.draw.choice([3_600_000, 0]))
    await stage.another_leader(leader, since_ms)
    await leader.start()


async def clock_of_redis_set_back(stage: Stage) -> None:
    """Set the clock of Redis back by most of a minute, and kill the leader: its lease has so long to go."""
    redis = stage.redis
    assert isinstance(redis, MovedClockRedis), "the clock of this Redis cannot be moved"
    leader = await stage.leader()
    since_ms = stage.recorder.clock.now_ms()
    redis.move_clock(-45)
    await leader.kill()
    await stage.another_leader(leader, since_ms)
    redis.move_clock(0)
    await leader.start()


async def clock_of_redis_set_forward(stage: Stage) -> None:
    """Set the clock of Redis forward by more than a lease, so that what ends by itself ends, and right again."""
    redis = stage.redis
    assert isinstance(redis, MovedClockRedis), "the clock of this Redis cannot be moved"
    redis.move_clock(_AHEAD_MS // 1_000)
    await stage.more_revisions(1)
    redis.move_clock(0)
    # What was worked out before may be written later, and is STALE to whoever knows the time by then. Entries do not
    # tell when that is over: until the clock has come to the newest of them, all that follow have its time.
    await stage.until(
        lambda: (look := stage.fencing.newest) is not None and look.computed_at_ms < look.at_ms + _AHEAD_MS / 2,
        "a sync knows that the clock is right again",
    )
    await stage.more_revisions(1)


def _backup(client: Redis, keys: list[str]) -> dict[str, tuple[int, Any]]:
    return {key: (max(client.pttl(key), 0), dumped) for key in keys if (dumped := client.dump(key)) is not None}


def _put_back(client: Redis, backup: dict[str, tuple[int, Any]], keys: list[str]) -> None:
    with client.pipeline(transaction=True) as pipeline:
        pipeline.delete(*keys)
        for key, (left_ms, dumped) in backup.items():
            pipeline.restore(key, left_ms, dumped)
        pipeline.execute()


def _is_stray_written(client: Redis, log: str, kind: str) -> bool:
    try:
        _write_stray(client, log, kind)
    except ResponseError as error:
        if "equal or smaller" in str(error):
            return False
        raise
    return True


def _write_stray(client: Redis, log: str, kind: str) -> None:
    newest: Any = client.xrevrange(log, count=1)
    last = int(newest[0][0].split(b"-")[0])
    if kind == "nothing":
        client.xadd(log, {"hello": "by hand"}, id=f"{last}-*")
    elif kind == "ahead":
        client.xadd(log, {"feedback": "{}"}, id=f"{last + 1_000}-0")
    elif b"feedback" in newest[0][1]:
        document = json.loads(newest[0][1][b"feedback"]) | {"revision": last + 1, "leverage_hint": 50.0}
        fields = {"revision": f"{last + 1}", "epoch": document["epoch"], "feedback": json.dumps(document)}
        client.xadd(log, dict(fields.items()), id=f"{last + 1}-0")


def _prolong(client: Redis, lease: str, left_ms: int) -> None:
    """Let a lease that is there last so long; 0: for ever. Where it has ended, nothing is to be done."""
    if left_ms:
        client.pexpire(lease, left_ms)
    else:
        client.persist(lease)
