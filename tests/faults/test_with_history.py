"""All of it together: a real service behind bad links, whose whole history is recorded and checked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import redis
from conftest import StartService
from faults.link_conditions import Direction
from faults.process_signals import suspended
from faults.tcp_proxy import TcpProxy
from history.checker import check
from history.history_recorder import HistoryRecorder
from history.model import Delivery, History
from history.subscriber_recorder import SILENT, SubscriberSettings
from processes import ServiceProcess, aeventually
from redis_inputs import add_regime

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

LONG_VALID = {"STRATEGIC_MEMORY_VALIDITY": "60", "STRATEGIC_MEMORY_REDIS_COMMAND_TIMEOUT": "0.5"}


async def services(start_service: StartService, url: str) -> list[ServiceProcess]:
    both = [start_service(url, sync_interval_s=0.1, env=LONG_VALID, wait_until_ready=False) for _ in range(2)]
    for each in both:
        await asyncio.to_thread(each.ready_line)
    return both


def publisher(client: redis.Redis, recorder: HistoryRecorder) -> Callable[[], Awaitable[None]]:
    """Return a function that brings about one more revision."""

    async def publish() -> None:
        known = len(recorder.log.reading.publishes)
        for _ in range(1 if known else 3):
            add_regime(client, "BULL", 0.1 + known / 100)
        await aeventually(lambda: len(recorder.log.reading.publishes) > known)

    return publish


def is_broken(recorder: HistoryRecorder, *links: TcpProxy) -> bool:
    """Break every connection; whether a subscriber has noticed."""
    for link in links:
        link.reset()
    return "UNAVAILABLE" in ends(recorder.history())


def ends(history: History) -> set[str]:
    return {stream.end.code for each in history.subscribers for stream in each.streams if stream.end is not None}


async def test_bad_links_and_frozen_servers_break_no_promise(
    start_service: StartService, fresh_redis: EmbeddedRedis
) -> None:
    client = redis.Redis.from_url(fresh_redis.url)
    one, other = await services(start_service, fresh_redis.url)
    with TcpProxy(one.grpc_address) as near, TcpProxy(other.grpc_address) as far:
        async with HistoryRecorder(fresh_redis.url) as recorder:
            for number in range(6):
                addresses = (near.address, far.address)
                delivery = Delivery.EVERY if number % 2 else Delivery.LATEST
                recorder.subscribe(SubscriberSettings(f"subscriber {number}", addresses, delivery, 0.1))
            recorder.sample(near.address)
            recorder.sample(far.address)
            publish = publisher(client, recorder)
            await publish()
            with recorder.fault("delay"):
                near.delay(20, jitter_ms=20)
                await publish()
                near.heal()
            with recorder.fault("reset"):
                # On a machine that has much else to do all of them may have left for the other one, or be on their way.
                await aeventually(lambda: is_broken(recorder, near, far))
                await publish()
            with recorder.fault("stall"):
                far.stall()
                near.cut(Direction.TO_CLIENT)
                await publish()
                await aeventually(lambda: SILENT in ends(recorder.history()))
                far.heal()
                near.heal()
            with recorder.fault("frozen"), suspended(one.pid, 10.0):
                await publish()
            with recorder.fault("Redis is killed"):
                await asyncio.to_thread(fresh_redis.kill)
                await asyncio.to_thread(fresh_redis.start)
                await aeventually(client.ping)
                await publish()
            history = await recorder.settled_history()
    assert [str(violation) for violation in check(history)] == []
    assert {"UNAVAILABLE", SILENT} <= ends(history)


async def test_a_connection_that_is_silent_is_given_up_for_another(
    start_service: StartService, fresh_redis: EmbeddedRedis
) -> None:
    service, _ = await services(start_service, fresh_redis.url)
    with TcpProxy(service.grpc_address) as proxy:
        async with HistoryRecorder(fresh_redis.url) as recorder:
            subscriber = recorder.subscribe(
                SubscriberSettings("subscriber", (proxy.address,), heartbeat_interval_s=0.1)
            )
            await aeventually(lambda: subscriber.is_open)
            proxy.stall()
            await aeventually(lambda: proxy.accepted > 1)
            proxy.heal()
            await aeventually(lambda: subscriber.is_open)
