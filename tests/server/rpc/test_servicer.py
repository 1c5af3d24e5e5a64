"""The three RPCs on a real server in this process."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import SimpleNamespace

import grpc
import pytest
import redis
import redis.asyncio
from advice import NOW_MS, feedback
from in_process_server import OWN_CONNECTION, Client, InProcessServer, in_process_server
from processes import aeventually
from server.rpc.refusals import refusal_of
from server.rpc.streamed import receive, receive_feedback
from set_clocks import SecondsClock

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.faults.errors import ListenError
from strategic_memory_server.revisions.log_pages import PAGE_REVISIONS
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.rpc import servicer
from strategic_memory_server.rpc.grpc_settings import GrpcSettings
from strategic_memory_server.rpc.server import COMES_BACK_WITHIN_S, MOST_AT_ONCE
from strategic_memory_server.rpc.wire.message_cache import MOMENT_MS

STALE = feedback_pb2.FEEDBACK_STATUS_STALE
LATE_MS = NOW_MS + 180_001
"""A moment at which the feedbacks here have turned stale."""


async def test_get_answers_before_the_log_was_read(service: InProcessServer) -> None:
    found = await service.client.get()
    assert (found.revision, found.epoch, found.status) == (0, "", feedback_pb2.FEEDBACK_STATUS_WARMING_UP)
    assert (found.updated_policy, found.leverage_hint) == (feedback_pb2.POLICY_CONSERVATIVE, 1.0)


async def test_get_answers_what_is_in_force_at_the_moment(service: InProcessServer) -> None:
    service.load(feedback(7))
    assert (await service.client.get()).revision == 7
    service.append(8)
    assert (await service.client.get()).revision == 8
    service.clock.now_ms = LATE_MS
    found = await service.client.get()
    assert (found.revision, found.status, found.leverage_hint) == (8, STALE, 1.0)


@pytest.mark.parametrize("every", [False, True])
async def test_a_stream_begins_with_what_is_in_force_and_goes_on_live(service: InProcessServer, every: bool) -> None:
    service.load(feedback(7))
    stream = service.client.stream(every=every)
    assert await receive_feedback(stream) == (7, 0)
    for revision in (8, 9):
        service.append(revision)
        assert await receive_feedback(stream) == (revision, 0)
    stream.cancel()


async def test_a_message_is_made_ready_for_those_who_listen_while_it_is_being_written(service: InProcessServer) -> None:
    service.load(feedback(7))
    unheard, expected = feedback(8), feedback(9)
    service.portfolio.expect(unheard)
    stream = service.client.stream()
    await receive_feedback(stream)
    service.portfolio.expect(expected)
    service.clock.now_ms = later_ms = NOW_MS + MOMENT_MS - 1
    for said, made_ms in ((unheard, later_ms), (expected, NOW_MS)):
        assert service.hub.append(said)
        service.changed.notify()
        assert (await receive(stream)).sent_at.ToMilliseconds() == made_ms
    stream.cancel()


async def test_changes_that_come_at_once_are_joined_or_all_sent(service: InProcessServer) -> None:
    service.load(feedback(7))
    latest, every = service.client.stream(), service.client.stream(every=True)
    assert [await receive_feedback(stream) for stream in (latest, every)] == [(7, 0), (7, 0)]
    for revision in (8, 9, 10):
        service.append(revision)
    assert await receive_feedback(latest) == (10, 2)
    assert [await receive_feedback(every) for _ in range(3)] == [(8, 0), (9, 0), (10, 0)]


async def test_every_reads_the_log_page_by_page(service: InProcessServer) -> None:
    newest = PAGE_REVISIONS + 20
    await service.log.open("e1")
    for revision in range(1, newest + 1):
        assert await service.log.publish(feedback(revision), expected=LogState("e1", revision - 1))
    service.load(*[feedback(revision) for revision in range(newest - 2, newest + 1)], oldest=newest - 99)
    stream = service.client.stream(resume_after=newest - 100, epoch="e1", every=True)
    received = [await receive_feedback(stream) for _ in range(100)]
    assert received == [(revision, 0) for revision in range(newest - 99, newest + 1)]


async def test_a_log_that_cannot_be_read_sends_the_subscriber_elsewhere(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    service.load(*[feedback(revision) for revision in (7, 8, 9)], oldest=1)
    redis_client.set(service.log.keys.log, "text")
    stream = service.client.stream(resume_after=2, epoch="e1", every=True)
    assert await refusal_of(receive(stream)) == (grpc.StatusCode.UNAVAILABLE, "LOG_NOT_READ")


async def test_a_bad_stream_request_names_its_field(service: InProcessServer) -> None:
    stream = service.client.stream(heartbeat_s=0.01)
    assert await refusal_of(receive(stream)) == (grpc.StatusCode.INVALID_ARGUMENT, "heartbeat_interval")


async def test_heartbeats_come_jittered_after_silence_and_carry_what_is_in_force(service: InProcessServer) -> None:
    service.load(feedback(7))
    loop = asyncio.get_running_loop()
    opened_s = loop.time()
    stream = service.client.stream(heartbeat_s=0.2)
    assert await receive_feedback(stream) == (7, 0)
    for number in (1, 2, 3):
        message = await receive(stream)
        assert message.WhichOneof("event") == "heartbeat"
        assert loop.time() - opened_s > number * 0.2 * 0.9 - 0.01
        beat = message.heartbeat
        assert (beat.revision, beat.epoch, beat.status) == (7, "e1", feedback_pb2.FEEDBACK_STATUS_ACTIVE)
        assert beat.timestamp.ToMilliseconds() == NOW_MS


async def test_turning_stale_is_told_at_once(service: InProcessServer) -> None:
    """Also when nothing else happens: the stream wakes by itself when the validity passes."""
    # It was said long ago: of a validity that is short from the beginning heartbeats would tell all the time.
    service.load(feedback(7, valid_until_ms=NOW_MS + 100, computed_at_ms=NOW_MS - 180_000))
    stream = service.client.stream(heartbeat_s=60)
    assert await receive_feedback(stream) == (7, 0)
    service.clock.now_ms = NOW_MS + 101
    message = await receive(stream)
    assert (message.heartbeat.status, message.heartbeat.revision) == (STALE, 7)


async def test_subscribers_are_counted_admitted_up_to_a_number_and_forgotten(
    async_client: redis.asyncio.Redis,
) -> None:
    async with in_process_server(async_client, GrpcSettings(max_subscribers=2, peer_share=1.0)) as service:
        admitted = [service.client.stream() for _ in range(2)]
        for stream in admitted:
            assert await receive_feedback(stream) == (0, 0)
        assert service.server.servicer.subscribers == 2
        refused = await refusal_of(receive(service.client.stream()))
        assert refused == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_SUBSCRIBERS")
        assert (await service.client.get()).version == "1.0.0"
        admitted.pop().cancel()
        await aeventually(lambda: service.server.servicer.subscribers == 1)
        assert await receive_feedback(service.client.stream()) == (0, 0)


async def test_one_peer_takes_at_most_half_of_the_streams(async_client: redis.asyncio.Redis) -> None:
    async with in_process_server(async_client, GrpcSettings(max_subscribers=5)) as service:
        admitted = [service.client.stream() for _ in range(2)]
        for stream in admitted:
            assert await receive_feedback(stream) == (0, 0)
        refused = service.client.stream()
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await receive(refused)
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "2 streams of this caller are open" in (error.value.details() or "")
        assert "STRATEGIC_MEMORY_PEER_SHARE" in (error.value.details() or "")
        assert service.server.servicer.subscribers == 2
        admitted.pop().cancel()
        await aeventually(lambda: service.server.servicer.subscribers == 1)
        assert await receive_feedback(service.client.stream()) == (0, 0)


async def test_calls_that_can_last_are_bounded_by_their_right_names(service: InProcessServer) -> None:
    found = {
        f"/{sample.labels['grpc_service']}/{sample.labels['grpc_method']}"
        for family in service.registry.collect()
        for sample in family.samples
        if sample.name == "grpc_server_started_total"
    }
    quick = {"/grpc.health.v1.Health/Check", "/strategic_memory.v1.StrategicMemoryService/GetFeedback"}
    # Streams of feedback have a bound of their own, which the test above is about.
    streams = {"/strategic_memory.v1.StrategicMemoryService/StreamFeedback"}
    assert found - quick - streams == set(MOST_AT_ONCE)


async def test_a_server_that_goes_away_ends_its_streams_first(service: InProcessServer) -> None:
    service.load(feedback(7))
    streams = [service.client.stream(every=every) for every in (False, True)]
    for stream in streams:
        assert await receive_feedback(stream) == (7, 0)
    service.server.servicer.drain()
    for stream in [*streams, service.client.stream()]:
        assert await refusal_of(receive(stream)) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")


async def test_who_comes_back_while_it_ends_is_told_again(
    async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By a clock of its own: a machine with much to do brings them back later.
    clock = SecondsClock()
    monkeypatch.setattr(servicer, "time", SimpleNamespace(monotonic=clock))
    async with AsyncExitStack() as serving:
        service = await serving.enter_async_context(in_process_server(async_client, stop_grace_s=60.0))
        service.load(feedback(7))
        async with grpc.aio.insecure_channel(service.server.address, options=OWN_CONNECTION) as channel:
            client = Client(channel)
            streams = [client.stream() for _ in range(20)]
            for stream in streams:
                assert await receive_feedback(stream) == (7, 0)
            ending = asyncio.create_task(serving.aclose())
            for _ in range(3):
                for stream in streams:
                    assert await refusal_of(receive(stream)) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
                # Who is told puts the end off: three of these are longer than it waits for nobody.
                clock.now_s += 0.75 * COMES_BACK_WITHIN_S
                streams = [client.stream() for _ in streams]
            for stream in streams:
                assert await refusal_of(receive(stream)) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
            assert not ending.done()
            clock.now_s += 2 * COMES_BACK_WITHIN_S
            await ending


async def test_a_port_that_is_taken_is_an_error_that_names_the_setting(
    service: InProcessServer, async_client: redis.asyncio.Redis
) -> None:
    taken = service.server.address

    with pytest.raises(ListenError, match=f"{taken}.*STRATEGIC_MEMORY_GRPC_ADDRESS"):
        async with in_process_server(async_client, address=taken):
            pass
