from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import grpc
import pytest
import redis
from conftest import StartService
from processes import aeventually
from redis_inputs import add_regime

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.demo.subscription import follow_feedback

pytestmark = pytest.mark.system


class Notes:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.feedbacks: list[tuple[int, bool]] = []
        self.heartbeats = 0

    def feedback_received(self, feedback: feedback_pb2.Feedback, received_at: datetime, *, live: bool) -> None:
        assert abs((datetime.now(UTC) - received_at).total_seconds()) < 5
        self.feedbacks.append((feedback.revision, live))

    def heartbeat_received(self, heartbeat: feedback_pb2.Heartbeat) -> None:
        assert heartbeat.HasField("timestamp")
        self.heartbeats += 1


@asynccontextmanager
async def following(address: str) -> AsyncIterator[Notes]:
    notes = Notes()
    async with grpc.aio.insecure_channel(address) as channel:
        task = asyncio.create_task(follow_feedback(channel, notes))
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
        await aeventually(lambda: notes.feedbacks == [(0, False)])
        for _ in range(3):
            add_regime(redis_client)
        await aeventually(lambda: (1, True) in notes.feedbacks)
        await aeventually(lambda: notes.heartbeats > 0)


async def test_it_goes_on_after_a_restart_of_the_service(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_regime(redis_client)
    first = await asyncio.to_thread(start_service)
    async with following(first.grpc_address) as notes:
        # What is in force at first may be the answer before anything was published.
        await aeventually(lambda: notes.feedbacks and notes.feedbacks[-1][0])
        first.kill()
        heard = len(notes.feedbacks)
        environment = {"STRATEGIC_MEMORY_GRPC_ADDRESS": first.grpc_address}
        await asyncio.to_thread(start_service, env=environment)
        await aeventually(lambda: len(notes.feedbacks) > heard, 20)
        assert notes.feedbacks[heard][1] is False, "the first of a stream was in force before"
