"""Two servers are restarted one after the other under many streams: every subscriber gets every revision once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import redis
import redis.asyncio
from conftest import StartService
from faults.free_ports import free_port
from processes import ServiceProcess, aeventually
from redis_inputs import regime_stream
from service_calls import get_feedback

from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    Backoff,
    ClientOptions,
    Delivery,
    Feedback,
    ResumePoint,
    StrategicMemoryError,
)
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = [pytest.mark.system, pytest.mark.least_user]

CLIENTS, STREAMS_EACH = 6, 5
OPTIONS = ClientOptions(heartbeat_interval_s=1.0, backoff=Backoff(0.05, 0.5), catch_up_s=30.0)
WITHIN_S = 30.0
SYNC_INTERVAL_S = 0.15
NOTHING_KNOWN = ResumePoint(0)


class Subscriber:
    """One stream of every revision from the first on."""

    def __init__(self, client: AsyncStrategicMemoryClient) -> None:
        self.came: list[Feedback] = []
        self.error: StrategicMemoryError | None = None
        self._client = client

    async def run(self) -> None:
        try:
            async for each in self._client.stream_feedback(delivery=Delivery.EVERY, resume_after=NOTHING_KNOWN):
                self.came.append(each)
        except StrategicMemoryError as error:
            self.error = error

    @property
    def newest(self) -> int:
        return self.came[-1].revision if self.came else 0


@asynccontextmanager
async def steady_inputs(url: str) -> AsyncIterator[None]:
    """Make an observation every 100 ms, each of which changes the feedback."""
    source = random.Random(11)
    stopping = asyncio.Event()

    async def observe(client: redis.asyncio.Redis) -> None:
        # Not ended by a cancellation: on CPython 3.11 the client library can lose one that comes as a write completes.
        # Goes 2027-10 with CPython 3.11.
        while not stopping.is_set():
            pnl = round(source.uniform(0.1, 0.9), 6)
            await client.xadd(regime_stream(), {"regime": "BULL", "pnl": pnl, "confidence": 0.8})
            await asyncio.sleep(0.1)

    async with redis.asyncio.Redis.from_url(url) as client:
        task = asyncio.create_task(observe(client))
        try:
            yield
        finally:
            stopping.set()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def many_subscribers(addresses: list[str]) -> AsyncIterator[list[Subscriber]]:
    """Half of the clients begin with the first server, half with the second."""
    async with AsyncExitStack() as stack:
        subscribers: list[Subscriber] = []
        for number in range(CLIENTS):
            in_order = addresses if number % 2 == 0 else addresses[::-1]
            client = await stack.enter_async_context(AsyncStrategicMemoryClient(in_order, options=OPTIONS))
            subscribers.extend(Subscriber(client) for _ in range(STREAMS_EACH))
        tasks = [asyncio.create_task(subscriber.run()) for subscriber in subscribers]
        try:
            yield subscribers
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def all_have(subscribers: list[Subscriber], revision: int) -> None:
    def they_have() -> bool:
        for subscriber in subscribers:
            if subscriber.error is not None:
                pytest.fail(f"a subscriber ended at revision {subscriber.newest}: {subscriber.error}")
        behind = [subscriber.newest for subscriber in subscribers if subscriber.newest < revision]
        assert not behind, f"{len(behind)} of {len(subscribers)} are behind, at {sorted(set(behind))}"
        return True

    await aeventually(they_have, WITHIN_S, what=f"revision {revision} for all")


def started_at(start_service: StartService, address: str) -> ServiceProcess:
    return start_service(sync_interval_s=SYNC_INTERVAL_S, env={"STRATEGIC_MEMORY_GRPC_ADDRESS": address})


async def restarted(start_service: StartService, service: ServiceProcess) -> ServiceProcess:
    address = service.grpc_address

    def restart() -> ServiceProcess:
        service.terminate()
        assert service.wait() == 0
        return started_at(start_service, address)

    again = await asyncio.to_thread(restart)
    async with AsyncStrategicMemoryClient(again.grpc_address) as client:

        async def is_healthy() -> bool:
            return (await client.check_health()).serving

        await aeventually(is_healthy, WITHIN_S)
    return again


async def test_every_subscriber_has_every_revision_once_after_a_rolling_restart(
    start_service: StartService, redis_server: EmbeddedRedis
) -> None:
    # Ports that the kernel gives to nobody else while a server is away.
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    servers = [started_at(start_service, address) for address in addresses]
    async with steady_inputs(redis_server.url):
        await aeventually(lambda: all(get_feedback(server).revision > 0 for server in servers), WITHIN_S)
        async with many_subscribers(addresses) as subscribers:
            await all_have(subscribers, 3)
            for number, server in enumerate(servers):
                servers[number] = await restarted(start_service, server)
                now = max(get_feedback(each).revision for each in servers)
                await all_have(subscribers, now + 3)
    epochs = {each.epoch for subscriber in subscribers for each in subscriber.came}
    assert len(epochs) == 1
    for subscriber in subscribers:
        assert [each.revision for each in subscriber.came] == list(range(1, len(subscriber.came) + 1))
    assert len({(each.revision, each.regime_performance) for one in subscribers for each in one.came}) == max(
        one.newest for one in subscribers
    ), "every server says the same about a revision"
