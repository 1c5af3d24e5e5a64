"""Faults of a single Redis: killed, frozen, back empty or older."""

from __future__ import annotations

import asyncio

from chaos.redis_under_test import SingleRedis
from chaos.stage import Stage
from faults.process_signals import Suspension


async def redis_killed(stage: Stage) -> None:
    """Kill Redis and start it again with what it has on disk, which may be nothing."""
    process = _single(stage).process
    await asyncio.to_thread(process.kill)
    await asyncio.to_thread(process.start)


async def redis_frozen(stage: Stage) -> None:
    """Freeze Redis for longer than a lease: nobody leads when it comes back."""
    suspension = await asyncio.to_thread(Suspension, _single(stage).process.pid, 60.0)
    try:
        await asyncio.sleep(stage.settings.lease_s * stage.draw.uniform(1.1, 2.0))
    finally:
        await asyncio.to_thread(suspension.end)


async def redis_stutters(stage: Stage) -> None:
    """Freeze Redis again and again for longer than a command may take: what was asked for is done late, unanswered.

    Where the lease is longer than that, it is done under a claim that still holds.
    """
    for _ in range(stage.draw.randint(3, 6)):
        await stage.more_revisions(1)
        suspension = await asyncio.to_thread(Suspension, _single(stage).process.pid, 60.0)
        try:
            await asyncio.sleep(stage.settings.command_timeout_s * stage.draw.uniform(1.1, 4.0))
        finally:
            await asyncio.to_thread(suspension.end)
        await stage.progress()


async def redis_older(stage: Stage) -> None:
    """Kill Redis and let it come back as it was some revisions ago; the servers live on."""
    await _remember(stage)
    await redis_killed(stage)


async def redis_older_and_leader_killed(stage: Stage) -> None:
    """Kill the leader and Redis together; Redis comes back as it was some revisions ago, then that server."""
    await _remember(stage)
    leader = await stage.leader()
    await asyncio.gather(leader.kill(), asyncio.to_thread(_single(stage).process.kill))
    await asyncio.to_thread(_single(stage).process.start)
    await leader.start()


async def redis_older_and_all_killed(stage: Stage) -> None:
    """Kill everything together; Redis comes back as it was some revisions ago: nobody knows what was said since."""
    await _remember(stage)
    servers = stage.fleet.servers
    await asyncio.gather(*(server.kill() for server in servers), asyncio.to_thread(_single(stage).process.kill))
    await asyncio.to_thread(_single(stage).process.start)
    await stage.fleet.start()


async def _remember(stage: Stage) -> None:
    """Write Redis to disk, and wait until some revisions have followed."""
    with stage.redis_client() as client:
        await asyncio.to_thread(client.save)
    await stage.more_revisions(stage.draw.randint(2, 6))


def _single(stage: Stage) -> SingleRedis:
    assert isinstance(stage.redis, SingleRedis), "the stage has no single Redis"
    return stage.redis
