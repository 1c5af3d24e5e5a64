"""An operator whose answer is lost on its way: it is written once, and no more is said of it than is known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
from conftest import StartService
from faults.free_ports import free_port
from faults.link_conditions import Direction
from faults.tcp_proxy import TcpProxy
from processes import ServiceProcess, eventually
from system.operators import HOUR, KEYS, OPEN_ADMIN

from strategic_memory_client import (
    AdminState,
    AsyncStrategicMemoryClient,
    ClientOptions,
    DeadlineExceededError,
    InterventionRefusedError,
    ServiceUnavailableError,
    StrategicMemoryClient,
    StrategicMemoryError,
)

pytestmark = [pytest.mark.system, pytest.mark.processes]

LONG = ClientOptions(timeout_s=60, connect_timeout_s=30)
MAY_HOLD = "what was asked for may hold all the same"
Say = Callable[[list[str], ClientOptions, Callable[[], None]], AdminState]


def blocking(addresses: list[str], options: ClientOptions, connected: Callable[[], None]) -> AdminState:
    with StrategicMemoryClient(addresses, options=options) as client:
        client.admin.get_state(timeout_s=60)
        connected()
        return client.admin.set_override(leverage=0.5, reason="exchange degraded", end=HOUR)


def in_a_loop(addresses: list[str], options: ClientOptions, connected: Callable[[], None]) -> AdminState:
    async def say() -> AdminState:
        async with AsyncStrategicMemoryClient(addresses, options=options) as client:
            await client.admin.get_state(timeout_s=60)
            connected()
            return await client.admin.set_override(leverage=0.5, reason="exchange degraded", end=HOUR)

    return asyncio.run(say())


@pytest.fixture
def service(start_service: StartService) -> ServiceProcess:
    return start_service(sync_interval_s=300, env=OPEN_ADMIN)


@pytest.fixture
def proxy(service: ServiceProcess) -> Iterator[TcpProxy]:
    with TcpProxy(service.grpc_address) as between:
        yield between


@pytest.mark.parametrize("say", [blocking, in_a_loop])
def test_whoever_goes_to_another_server_is_told_what_they_have_set(
    service: ServiceProcess, proxy: TcpProxy, start_service: StartService, redis_client: redis.Redis, say: Say
) -> None:
    other = start_service(sync_interval_s=300, env=OPEN_ADMIN)
    with ThreadPoolExecutor(1) as threads:
        said = threads.submit(say, [proxy.address, other.grpc_address], LONG, lambda: proxy.cut(Direction.TO_CLIENT))
        eventually(lambda: redis_client.xlen(KEYS.interventions) == 1)
        proxy.reset()
        state = said.result(60)
    assert (state.number, state.is_in_force, state.feedback.leverage_hint) == (1, True, 0.5)
    assert redis_client.xlen(KEYS.interventions) == 1


@pytest.mark.parametrize("say", [blocking, in_a_loop])
def test_what_breaks_off_after_it_was_sent_may_hold(proxy: TcpProxy, redis_client: redis.Redis, say: Say) -> None:
    with ThreadPoolExecutor(1) as threads:
        said = threads.submit(say, [proxy.address], LONG, lambda: proxy.cut(Direction.TO_CLIENT))
        eventually(lambda: redis_client.xlen(KEYS.interventions) == 1)
        proxy.reset()
        with pytest.raises(ServiceUnavailableError, match=MAY_HOLD):
            said.result(60)


@pytest.mark.parametrize("say", [blocking, in_a_loop])
def test_what_is_not_answered_in_time_may_hold(proxy: TcpProxy, say: Say) -> None:
    with pytest.raises(DeadlineExceededError, match=MAY_HOLD):
        say([proxy.address], ClientOptions(timeout_s=0.5), lambda: proxy.cut(Direction.TO_CLIENT))


def test_what_was_never_sent_or_is_refused_does_not_hold(service: ServiceProcess) -> None:
    def told(addresses: list[str], leverage: float) -> StrategicMemoryError:
        with StrategicMemoryClient(addresses, options=LONG) as client, pytest.raises(StrategicMemoryError) as failed:
            client.admin.set_override(leverage=leverage, reason="more", end=timedelta(minutes=1))
        return failed.value

    away, refused = told([f"127.0.0.1:{free_port()}"], 0.5), told([service.grpc_address], 1.9)
    assert isinstance(away, ServiceUnavailableError)
    assert isinstance(refused, InterventionRefusedError)
    assert MAY_HOLD not in f"{away} {refused}"
