"""The health service on a real server: Check, Watch, and watchers that stall or leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry

from strategic_memory_server.rpc.admission import Admission
from strategic_memory_server.rpc.boundary import Boundary
from strategic_memory_server.rpc.health import HealthServicer
from strategic_memory_server.rpc.rpc_metrics import RpcMetrics

NAME = "strategic_memory.v1.StrategicMemoryService"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


Watch = grpc.aio.UnaryStreamCall[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]


class Client:
    """Calls the health service on a channel of its own."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = health_pb2_grpc.HealthStub(channel)

    async def status(self, service: str = "") -> int:
        response: health_pb2.HealthCheckResponse = await self._stub.Check(request(service), timeout=30)
        return int(response.status)

    def watch(self, service: str = "") -> Watch:
        call: Watch = self._stub.Watch(request(service))
        return call


class Health:
    """A health service on a real server."""

    def __init__(self, servicer: HealthServicer, address: str) -> None:
        self.servicer = servicer
        self._address = address

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        own = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(self._address, options=own) as channel:
            yield Client(channel)


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    servicer = HealthServicer((NAME,))
    server = grpc.aio.server()
    boundary = Boundary(server, RpcMetrics(CollectorRegistry()), Admission({})).as_server
    health_pb2_grpc.add_HealthServicer_to_server(servicer, boundary)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield Health(servicer, f"127.0.0.1:{port}")
    await server.stop(0)


def request(service: str = "") -> health_pb2.HealthCheckRequest:
    return health_pb2.HealthCheckRequest(service=service)


async def next_status(watch: Watch) -> int | None:
    """The next status of a watch; None at its end."""
    async with asyncio.timeout(30):
        message = await watch.read()
    return int(message.status) if isinstance(message, health_pb2.HealthCheckResponse) else None


@pytest.mark.parametrize("service", ["", NAME])
async def test_check_tells_the_status(health: Health, service: str) -> None:
    async with health.client() as client:
        assert await client.status(service) == SERVING
        health.servicer.stop_serving()
        assert await client.status(service) == NOT_SERVING


async def test_check_does_not_know_every_name(health: Health) -> None:
    async with health.client() as client:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await client.status("other.Service\x1b")
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    details = raised.value.details() or ""
    assert NAME in details
    assert details.isprintable()


@pytest.mark.parametrize("service", ["", NAME])
async def test_watch_tells_the_status_now_and_at_the_end(health: Health, service: str) -> None:
    async with health.client() as client:
        watch = client.watch(service)
        assert await next_status(watch) == SERVING
        health.servicer.stop_serving()
        assert [await next_status(watch), await next_status(watch)] == [NOT_SERVING, None]
        late = client.watch(service)
        assert [await next_status(late), await next_status(late)] == [NOT_SERVING, None]


async def test_watch_of_an_unknown_service_stays_open(health: Health) -> None:
    async with health.client() as client:
        watch = client.watch("other.Service")
        assert await next_status(watch) == UNKNOWN
        health.servicer.stop_serving()
        assert await next_status(watch) is None


async def test_a_watcher_that_leaves_takes_nobody_along(health: Health) -> None:
    async with health.client() as leaving, health.client() as staying:
        left, stayed = leaving.watch(), staying.watch()
        assert [await next_status(left), await next_status(stayed)] == [SERVING, SERVING]
        left.cancel()
        assert await leaving.status() == SERVING
        watch_after = leaving.watch()
        assert await next_status(watch_after) == SERVING
        health.servicer.stop_serving()
        for watch in (stayed, watch_after):
            assert [await next_status(watch), await next_status(watch)] == [NOT_SERVING, None]


async def test_stopping_is_no_error_after_the_last_watcher_has_left(health: Health) -> None:
    async with health.client() as client:
        for _ in range(3):
            watch = client.watch()
            assert await next_status(watch) == SERVING
            watch.cancel()
            assert await client.status() == SERVING
        health.servicer.stop_serving()
        assert await client.status() == NOT_SERVING


async def test_a_watcher_that_never_reads_holds_nobody_up(health: Health) -> None:
    """TRAPS: the packaged servicer writes while it holds its condition."""
    async with health.client() as stalling, health.client() as reading:
        stalled = [stalling.watch() for _ in range(50)]
        watch = reading.watch()
        assert await next_status(watch) == SERVING
        health.servicer.stop_serving()
        assert [await next_status(watch), await next_status(watch)] == [NOT_SERVING, None]
        assert await reading.status() == NOT_SERVING
        for each in stalled:
            each.cancel()
