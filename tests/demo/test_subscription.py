"""The demo's subscriber on a real service: what it hears first was in force before, also after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis
from conftest import StartService
from faults.free_ports import HOST, free_port
from processes import aeventually
from redis_inputs import add_regime

from strategic_memory_client import AsyncStrategicMemoryClient, ClientOptions, FeedbackStatus, Heartbeat
from strategic_memory_demo.subscription import follow_feedback
from strategic_memory_demo.tally import Change, DemoTally

pytestmark = pytest.mark.system


class Notes(DemoTally):
    """A tally that counts heartbeats, and a display that writes down the revisions, and whether they came live."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[int, bool]] = []
        self.heartbeats = 0

    def heartbeat_received(self, heartbeat: Heartbeat) -> None:
        super().heartbeat_received(heartbeat)
        self.heartbeats += 1

    def open(self) -> None:
        """Do nothing."""

    def changed(self, change: Change) -> None:
        self.shown.append((change.feedback.revision, change.since_newest_input_s is not None))

    def refresh(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


@asynccontextmanager
async def following(address: str) -> AsyncIterator[Notes]:
    notes = Notes()
    # Where a process stands still for three of the demo's heartbeats, a second each, all comes on another connection.
    async with AsyncStrategicMemoryClient(address, options=ClientOptions(missed_heartbeats=30)) as client:
        task = asyncio.create_task(follow_feedback(client, notes, notes))
        try:
            yield notes
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_it_hears_the_feedback_in_force_then_changes_and_heartbeats(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    service = await asyncio.to_thread(start_service, sync_interval_s=0.1)
    async with following(service.grpc_address) as notes:
        await aeventually(lambda: notes.shown == [(0, False)])
        for _ in range(3):
            add_regime(redis_client)
        await aeventually(lambda: (1, True) in notes.shown)
        await aeventually(lambda: notes.heartbeats > 0)
        assert notes.status is FeedbackStatus.ACTIVE


async def test_it_goes_on_after_a_restart_of_the_service(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_regime(redis_client)
    # A port that the kernel had drawn could be drawn for another process while no service listens on it.
    environment = {"STRATEGIC_MEMORY_GRPC_ADDRESS": f"{HOST}:{free_port()}"}
    first = await asyncio.to_thread(start_service, env=environment)
    async with following(first.grpc_address) as notes:
        # What is in force at first may be the answer before anything was published.
        await aeventually(lambda: notes.shown and notes.shown[-1][0])
        first.kill()
        heard = len(notes.shown)
        await asyncio.to_thread(start_service, env=environment)
        add_regime(redis_client, pnl=0.9)
        await aeventually(lambda: len(notes.shown) > heard)
        assert notes.shown[heard] == (2, False), "the first of a connection may have been in force before"
