"""Many subscribers that resume from far back at once: each gets all, the log is read once, others are served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis
import redis.asyncio
from advice import feedback
from in_process_server import InProcessServer, Stream, in_process_server
from processes import aeventually

from strategic_memory.v1 import service_pb2
from strategic_memory_server.revisions.feedback_json import encode_feedback
from strategic_memory_server.revisions.log_pages import PAGE_REVISIONS

REVISIONS = 400
SUBSCRIBERS = 50


@pytest.fixture
async def service(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> AsyncIterator[InProcessServer]:
    async with in_process_server(async_client) as found:
        history = [feedback(revision) for revision in range(1, REVISIONS + 1)]
        with redis_client.pipeline(transaction=False) as pipeline:
            for each in history:
                pipeline.xadd(found.log.keys.log, {"feedback": encode_feedback(each)}, id=f"{each.revision}-0")
            pipeline.execute()
        found.load(*history)
        yield found


async def received(stream: Stream, up_to: int) -> list[int]:
    """Revisions until one is there; the last one comes from the hub."""
    revisions: list[int] = []
    while not revisions or revisions[-1] < up_to:
        message = await stream.read()
        assert isinstance(message, service_pb2.StreamFeedbackResponse), "the stream has ended"
        assert message.skipped_revisions == 0
        revisions.append(message.feedback.revision)
    stream.cancel()
    return revisions


def reads_of_the_log(client: redis.Redis) -> int:
    """XRANGE calls that Redis has served."""
    statistics = client.info("commandstats")
    assert isinstance(statistics, dict)
    return int(statistics.get("cmdstat_xrange", {"calls": 0})["calls"])


async def test_each_gets_every_revision_and_the_log_is_read_once(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    before = reads_of_the_log(redis_client)
    after = [number % 7 for number in range(SUBSCRIBERS)]
    streams = [service.client.stream(resume_after=start, epoch="e1", every=True) for start in after]
    found = await asyncio.gather(*[received(stream, REVISIONS) for stream in streams])
    assert found == [list(range(start + 1, REVISIONS + 1)) for start in after]
    assert reads_of_the_log(redis_client) - before <= REVISIONS // PAGE_REVISIONS + 1


async def test_others_are_served_meanwhile(service: InProcessServer) -> None:
    catching_up = [
        asyncio.create_task(received(service.client.stream(resume_after=0, epoch="e1", every=True), REVISIONS))
        for _ in range(SUBSCRIBERS)
    ]
    turns = service.server.servicer._catching_up
    await aeventually(lambda: turns._waiting, what="there are more of them than turns")
    live = service.client.stream()
    async with asyncio.timeout(20):
        assert (await service.client.get()).revision == REVISIONS
        first = await live.read()
        assert isinstance(first, service_pb2.StreamFeedbackResponse)
        service.append(REVISIONS + 1)
        second = await live.read()
        assert isinstance(second, service_pb2.StreamFeedbackResponse)
    assert (first.feedback.revision, second.feedback.revision) == (REVISIONS, REVISIONS + 1)
    assert not any(task.done() for task in catching_up), "they are not through yet"
    for task in catching_up:
        task.cancel()
    await asyncio.wait(catching_up)
    live.cancel()
