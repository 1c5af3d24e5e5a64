"""A connection ends some time: streams that nobody reads with it, and those that are read go on on another one."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import grpc
import redis.asyncio
from advice import feedback
from faults.raw_http2 import UnreadStream
from in_process_server import InProcessServer, in_process_server
from processes import aeventually

from strategic_memory.v1 import service_pb2
from strategic_memory_client import AsyncStrategicMemoryClient, Delivery
from strategic_memory_server.rpc.grpc_settings import GrpcSettings

AGES = GrpcSettings(max_connection_age_s=0.5, connection_grace_s=0.2)


async def unread(service: InProcessServer) -> UnreadStream:
    """A stream that answers pings and reads no message; more is written to it than its window holds."""
    request = service_pb2.StreamFeedbackRequest(delivery=service_pb2.DELIVERY_EVERY)
    stuck = UnreadStream(service.server.address, request, window_bytes=16)
    await aeventually(lambda: stuck.data_bytes == 16)
    return stuck


async def test_a_stream_that_nobody_reads_is_ended(async_client: redis.asyncio.Redis) -> None:
    async with in_process_server(async_client, AGES) as service:
        service.load(feedback(7))
        stuck = await unread(service)
        assert service.server.servicer.subscribers == 1
        assert await asyncio.to_thread(stuck.ended.wait, 10)
        assert stuck.data_bytes == 16
        await aeventually(lambda: service.server.servicer.subscribers == 0)
        await aeventually(lambda: service.handled("StreamFeedback", "Canceled") == 1)
        await asyncio.to_thread(stuck.close)


async def test_it_would_stay_otherwise(async_client: redis.asyncio.Redis) -> None:
    async with in_process_server(async_client) as service:
        service.load(feedback(7))
        stuck = await unread(service)
        assert not await asyncio.to_thread(stuck.ended.wait, 1.5)
        assert service.server.servicer.subscribers == 1
        await asyncio.to_thread(stuck.close)


async def test_a_foreign_client_sees_unavailable(async_client: redis.asyncio.Redis) -> None:
    async with in_process_server(async_client, AGES) as service:
        stream = service.client.stream()
        async with asyncio.timeout(10):
            assert await stream.read()
            assert await stream.code() is grpc.StatusCode.UNAVAILABLE


async def test_our_client_goes_on_without_a_gap_or_a_double(async_client: redis.asyncio.Redis) -> None:
    async with in_process_server(async_client, AGES) as service:
        service.load(feedback(7))
        received: list[int] = []
        async with (
            AsyncStrategicMemoryClient(service.server.address) as client,
            aclosing(client.stream_feedback(delivery=Delivery.EVERY)) as feedbacks,
            asyncio.timeout(60),
        ):
            async for each in feedbacks:
                received.append(each.revision)
                # A busy machine may bring few of them within three connections.
                if service.handled("StreamFeedback", "Canceled") >= 3 and len(received) > 10:
                    break
                asyncio.get_running_loop().call_later(0.02, service.append, each.revision + 1)
        assert received == list(range(7, 7 + len(received)))
