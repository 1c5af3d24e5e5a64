"""Faults of servers: killed, frozen, asked to end."""

from __future__ import annotations

import asyncio

from chaos.stage import Stage
from faults.process_signals import Suspension


async def leader_killed(stage: Stage) -> None:
    """Kill the leader; start it again once another leads."""
    leader = await stage.leader()
    since_ms = stage.recorder.clock.now_ms()
    await leader.kill()
    await stage.another_leader(leader, since_ms)
    await leader.start()


async def standby_killed(stage: Stage) -> None:
    """Kill a standby, and start it again."""
    standby = await stage.standby()
    await standby.kill()
    await stage.progress()
    await standby.start()


async def other_killed(stage: Stage) -> None:
    """Kill the server that has other settings, and start it again: then it does not know who led before."""
    assert stage.other is not None, "all servers have the same settings"
    await stage.other.kill()
    await stage.progress()
    await stage.other.start()


async def leader_frozen(stage: Stage) -> None:
    """Freeze the leader until another leads, and on for a moment; then it comes back."""
    leader = await stage.leader()
    if leader.link is not None:
        # With a slow way to Redis a sync is nearly always in hand when it is frozen.
        leader.link.delay(stage.draw.uniform(20.0, 60.0))
        await stage.progress()
        # That was the end of a sync: any moment of the next one will do.
        await asyncio.sleep(stage.draw.uniform(0.0, 0.2))
    since_ms = stage.recorder.clock.now_ms()
    suspension = await asyncio.to_thread(Suspension, leader.process.pid, 60.0)
    try:
        await stage.another_leader(leader, since_ms)
        await stage.progress()
        if leader.link is not None:
            # Once awake, it shall be quick enough to get in between what the other one writes.
            leader.link.heal()
    finally:
        await asyncio.to_thread(suspension.end)
    await stage.progress()


async def leader_ended(stage: Stage) -> None:
    """Ask the leader to end; start it again once another leads."""
    leader = await stage.leader()
    since_ms = stage.recorder.clock.now_ms()
    await leader.terminate()
    await stage.another_leader(leader, since_ms)
    await leader.start()


async def rolling_restart(stage: Stage) -> None:
    """Restart every server in order, one after the other."""
    for server in stage.fleet.servers:
        await server.terminate()
        await server.start()
        await stage.progress()
