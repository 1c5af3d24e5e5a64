"""Faults of a Redis with a replica: failed over in order, by a crash, and by one that loses what was acknowledged."""

from __future__ import annotations

import asyncio

from chaos.replicated_redis import ReplicatedRedis
from chaos.server_fleet import Server
from chaos.stage import Stage
from faults.process_signals import Suspension


async def ordered_failover(stage: Stage) -> None:
    """Make the replica the master, with nothing lost."""
    await asyncio.to_thread(_replicated(stage).deployment.failover)


async def master_killed(stage: Stage) -> None:
    """Kill the master: the replica, which may lack the last writes, takes over, and gets the killed one as its own."""
    deployment = _replicated(stage).deployment
    killed = await asyncio.to_thread(deployment.kill_master)
    await stage.progress()
    await asyncio.to_thread(killed.start)
    await asyncio.to_thread(deployment.wait_for_replication)


async def failover_that_loses_revisions(stage: Stage) -> None:
    """Cut the replica off, let some revisions be acknowledged and delivered, and kill the master."""
    await _lose_revisions(stage)


async def failover_that_loses_revisions_and_the_leader(stage: Stage) -> None:
    """Do the same, and kill the server that said them together with the master."""
    leader = await stage.leader()
    await _lose_revisions(stage, leader)
    await leader.start()


async def _lose_revisions(stage: Stage, also_killed: Server | None = None) -> None:
    deployment = _replicated(stage).deployment
    await asyncio.to_thread(deployment.wait_for_replication)
    master, replica = await asyncio.gather(
        asyncio.to_thread(lambda: deployment.master), asyncio.to_thread(lambda: deployment.replica)
    )
    suspension = await asyncio.to_thread(Suspension, replica.pid, 60.0)
    try:
        # What is on its way would still be read by a replica that is woken.
        with master.client() as client:
            await asyncio.to_thread(client.execute_command, "CLIENT", "KILL", "TYPE", "replica")
        await stage.more_revisions(stage.draw.randint(2, 6))
        if also_killed is not None:
            await also_killed.kill()
        await asyncio.to_thread(master.kill)
    finally:
        await asyncio.to_thread(suspension.end)
    await asyncio.to_thread(deployment.wait_until_replaced, master.port)
    await stage.progress()
    await asyncio.to_thread(master.start)
    await asyncio.to_thread(deployment.wait_for_replication)


async def master_killed_and_back_at_once(stage: Stage) -> None:
    """Kill the master and start it again at once, before anybody replaces it.

    It comes back with what it last copied as a replica, which may be several epochs old, or with nothing.
    """
    deployment = _replicated(stage).deployment
    master = await asyncio.to_thread(lambda: deployment.master)
    await asyncio.to_thread(master.kill)
    await asyncio.to_thread(master.start)


def _replicated(stage: Stage) -> ReplicatedRedis:
    assert isinstance(stage.redis, ReplicatedRedis), "the stage has no replicated Redis"
    return stage.redis
