"""Streams that go on where another one ended: on a real server, before and after it has read the log."""

from __future__ import annotations

import grpc
import pytest
import redis
import redis.asyncio
from advice import NOW_MS, feedback
from in_process_server import InProcessServer
from processes import aeventually
from server.rpc.refusals import refusal_of
from server.rpc.streamed import receive, receive_feedback

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.revisions.log_state import LogState

STALE = feedback_pb2.FEEDBACK_STATUS_STALE


async def publish(service: InProcessServer, *revisions: int) -> None:
    """Publish revisions that follow each other to the log, the server knowing nothing of it."""
    await service.log.open("e1", above=revisions[0] - 1)
    for revision in revisions:
        assert await service.log.publish(feedback(revision), expected=LogState("e1", revision - 1))


@pytest.mark.parametrize(
    ("after", "epoch", "reason"),
    [(0, "e1", "REVISION_COMPACTED"), (9, "e1", "REVISION_IN_FUTURE"), (7, "e0", "EPOCH_CHANGED")],
)
async def test_a_resume_point_that_cannot_be_kept_is_refused(
    service: InProcessServer, after: int, epoch: str, reason: str
) -> None:
    service.load(feedback(7), feedback(8))
    await publish(service, 7, 8)
    stream = service.client.stream(resume_after=after, epoch=epoch)
    assert await refusal_of(receive(stream)) == (grpc.StatusCode.OUT_OF_RANGE, reason)
    await aeventually(lambda: service.handled("StreamFeedback", "OutOfRange") == 1)


@pytest.mark.parametrize(("after", "epoch"), [(9, "e1"), (9, "")])
async def test_a_resume_point_that_this_server_has_yet_to_read_is_for_later(
    service: InProcessServer, after: int, epoch: str
) -> None:
    """Another server has told it already: nothing was lost."""
    service.load(feedback(7), feedback(8))
    await publish(service, 7, 8, 9)
    stream = service.client.stream(resume_after=after, epoch=epoch)
    assert await refusal_of(receive(stream)) == (grpc.StatusCode.UNAVAILABLE, "LOG_NOT_READ")
    service.append(9)
    service.append(10)
    stream = service.client.stream(resume_after=after, epoch=epoch)
    assert await receive_feedback(stream) == (10, 0)
    stream.cancel()


@pytest.mark.parametrize("after", [7, 9])
async def test_a_resume_point_of_an_epoch_that_this_server_has_yet_to_read_is_for_later(
    service: InProcessServer, after: int
) -> None:
    service.load(feedback(7), feedback(8))
    await publish(service, 7, 8)
    assert await service.log.publish(feedback(9, "e2"), expected=LogState("e1", 8))
    stream = service.client.stream(resume_after=after, epoch="e2")
    assert await refusal_of(receive(stream)) == (grpc.StatusCode.UNAVAILABLE, "LOG_NOT_READ")


async def test_a_resume_point_beyond_what_is_known_is_for_later_while_redis_cannot_tell(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    service.load(feedback(7), feedback(8))
    redis_client.set(service.log.keys.state, "text")
    stream = service.client.stream(resume_after=9, epoch="e1")
    assert await refusal_of(receive(stream)) == (grpc.StatusCode.UNAVAILABLE, "LOG_NOT_READ")


async def test_a_resume_point_before_the_log_was_read_is_for_later(service: InProcessServer) -> None:
    stream = service.client.stream(resume_after=1, epoch="e1")
    assert await refusal_of(receive(stream)) == (grpc.StatusCode.UNAVAILABLE, "LOG_NOT_READ")


async def test_a_stream_that_ended_is_taken_up_where_it_was(service: InProcessServer) -> None:
    service.load(feedback(7))
    stream = service.client.stream(every=True)
    assert await receive_feedback(stream) == (7, 0)
    stream.cancel()
    service.append(8)
    service.append(9)
    resumed = service.client.stream(resume_after=7, epoch="e1", every=True)
    assert [await receive_feedback(resumed) for _ in range(2)] == [(8, 0), (9, 0)]


@pytest.mark.parametrize("every", [False, True])
async def test_who_resumes_with_nothing_in_hand_begins_with_what_is_in_force(
    service: InProcessServer, every: bool
) -> None:
    # It was said long ago: of a validity that is short from the beginning heartbeats would tell all the time.
    service.load(feedback(7, valid_until_ms=NOW_MS + 100, computed_at_ms=NOW_MS - 180_000))
    stream = service.client.stream(resume_after=7, epoch="e1", every=every, send_current=True)
    assert await receive_feedback(stream) == (7, 0)
    service.append(8)
    assert await receive_feedback(stream) == (8, 0)
    service.clock.now_ms = NOW_MS + 300_000
    withheld = await receive(service.client.stream(resume_after=8, epoch="e1", every=every, send_current=True))
    assert (withheld.feedback.revision, withheld.feedback.status) == (8, STALE)
    service.server.servicer.drain()
    late = service.client.stream(resume_after=8, epoch="e1", every=every, send_current=True)
    assert await refusal_of(receive(late)) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
