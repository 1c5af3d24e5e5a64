"""Faults of workers, several processes at one address: one is killed, frozen or asked to end, or their parent dies."""

from __future__ import annotations

import asyncio
import os
import signal

from chaos.server_fleet import Server
from chaos.stage import Stage
from faults.process_signals import Suspension


async def leading_worker_killed(stage: Stage) -> None:
    """Kill the worker that leads; wait until another one leads, and until there are as many as before."""
    await _leader_gone(stage, signal.SIGKILL)


async def leading_worker_ended(stage: Stage) -> None:
    """Ask the worker that leads to end."""
    await _leader_gone(stage, signal.SIGTERM)


async def other_worker_killed(stage: Stage) -> None:
    """Kill a worker that does not lead, and wait until it was started again."""
    server = await stage.leader()
    number = stage.draw.choice(sorted(server.workers() - {_leading(stage)}))
    os.kill(number, signal.SIGKILL)
    await stage.progress()
    await _as_many_as_before(stage, server, number)


async def leading_worker_frozen(stage: Stage) -> None:
    """Freeze the worker that leads until another one does, and on for a moment; then it comes back."""
    server = await stage.leader()
    frozen, since_ms = _leading(stage), stage.recorder.clock.now_ms()
    suspension = await asyncio.to_thread(Suspension, frozen, 60.0)
    try:
        await _another_leads(stage, frozen, since_ms)
        await stage.progress()
    finally:
        await asyncio.to_thread(suspension.end)
    await _as_many_as_before(stage, server, 0)


async def supervisor_killed(stage: Stage) -> None:
    """Kill the process that runs the workers; once they have ended, start it again."""
    server = await stage.leader()
    os.kill(server.process.pid, signal.SIGKILL)
    await stage.until(lambda: not server.process.session(), "the workers have ended")
    await server.start()
    await stage.leader()


async def _leader_gone(stage: Stage, number: signal.Signals) -> None:
    server = await stage.leader()
    gone, since_ms = _leading(stage), stage.recorder.clock.now_ms()
    os.kill(gone, number)
    await _another_leads(stage, gone, since_ms)
    await _as_many_as_before(stage, server, gone)


async def _another_leads(stage: Stage, gone: int, since_ms: float) -> None:
    await stage.until(lambda: _leading(stage) not in {0, gone}, "another worker leads")
    stage.replacement_s.append((stage.recorder.clock.now_ms() - since_ms) / 1_000)


async def _as_many_as_before(stage: Stage, server: Server, gone: int) -> None:
    await stage.until(lambda: len(server.workers() - {gone}) == stage.settings.workers, "the worker was started again")


def _leading(stage: Stage) -> int:
    """Return the process id of who leads; 0: nobody does, or it is not known."""
    return stage.fencing.newest.leader_pid if stage.fencing.newest is not None else 0
