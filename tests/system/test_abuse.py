"""A real service under a part of the floods that it is held to: it answers all the while, stays small, and forgets."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from abuse.connections import Connection, Target, http2
from abuse.floods import GRPC, HTTP
from certificates import Authority
from conftest import StartService
from patient_redis import PATIENT
from processes import ServiceProcess, aeventually, eventually
from redis_inputs import add_regime
from service_calls import get_json
from system.impatient import Impatient

pytestmark = pytest.mark.system

MOST_MIB = 256
ELSEWHERE = "127.0.0.2"
AT_REST = 40
"""Descriptors that a service without callers has open at most."""

MOST_OF_SILENT_MIB = 40
"""Of 1,300 that say nothing; without a bound they take 85, and with buffers as asyncio makes them 300."""

SCALE = 0.2
SECONDS = 0.5
TRIES = 5

LASTING = {"STRATEGIC_MEMORY_VALIDITY": "120", "STRATEGIC_MEMORY_LEASE": "60", **PATIENT}
"""A lease, an advice or a Redis that is late on a busy machine is told as a warning, and no fault of the service."""


def peak_mib(service: ServiceProcess) -> float:
    status = Path(f"/proc/{service.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def descriptors(service: ServiceProcess) -> int:
    return len(list(Path(f"/proc/{service.pid}/fd").iterdir()))


both_loops = pytest.mark.parametrize("event_loop", ["asyncio", "uvloop"])


@pytest.fixture
def event_loop() -> str:
    """The event loop of the service."""
    return "auto"


@pytest.fixture
def service(start_service: StartService, redis_client: redis.Redis, event_loop: str) -> ServiceProcess:
    for number in range(4):
        add_regime(redis_client, "BULL", 0.1 * number)
    settings = {"STRATEGIC_MEMORY_MAX_CONNECTIONS": "1000", "STRATEGIC_MEMORY_EVENT_LOOP": event_loop}
    service = start_service(env={**LASTING, **settings})
    assert event_loop in (service.ready_line()["event_loop"], "auto")
    return service


def answered_beside(service: ServiceProcess, flood: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """See to it that the service answers whoever asks it on a connection that is there, and those over HTTP.

    What holds them up in a flood does so each time. What else the machine has to do does not, so one good time is
    enough.
    """
    with Impatient(service) as impatient:
        eventually(lambda: len(impatient.waits_s))
        for _ in range(TRIES):
            before = len(impatient.waits_s)
            done = asyncio.run(flood())
            if len(impatient.waits_s) > before:
                break
        else:
            pytest.fail("nobody was answered beside the flood, each time")
        assert get_json(service, "/health/ready") == {"ready": True}
        after = len(impatient.waits_s)
        eventually(lambda: len(impatient.waits_s) > after + 5)
    return done


@both_loops
def test_floods_leave_nothing_behind_and_hold_nobody_up(service: ServiceProcess) -> None:
    for name, flood in GRPC.items():
        target = Target(service.grpc_address, own_host=ELSEWHERE)
        assert answered_beside(service, partial(flood, target, SCALE, SECONDS)) >= 0, name
    for name, flood in HTTP.items():
        target = Target(service.http_address, own_host=ELSEWHERE)
        assert answered_beside(service, partial(flood, target, SCALE, SECONDS)) >= 0, name
    eventually(lambda: get_json(service)["metrics"]["feedback"]["subscribers"] == 0, 20)
    eventually(lambda: descriptors(service) <= AT_REST, 20, what="what was connected is forgotten")
    assert peak_mib(service) < MOST_MIB
    assert not [line for line in service.log_lines() if line["level"] in {"warning", "error", "critical"}]
    assert "Traceback" not in service.output()


def test_a_connection_more_than_there_may_be_is_closed_and_those_that_are_there_go_on(service: ServiceProcess) -> None:
    target = Target(service.grpc_address, own_host=ELSEWHERE)

    async def flooded() -> int:
        opened: list[Connection] = []

        def left() -> int:
            return sum(connection.is_open for connection in opened)

        async with AsyncExitStack() as stack:
            for _ in range(1_500):
                with suppress(OSError):
                    opened.append(await http2(stack, target))
            # The kernel takes them before the service does, which a busy machine may keep from closing any for a while.
            await aeventually(lambda: left() < 1_000)
            await asyncio.to_thread(get_json, service)
            return left()

    assert 900 < answered_beside(service, flooded) < 1_000


def test_one_connection_has_no_more_calls_in_hand_than_one_may(start_service: StartService) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_CONNECTION_CALLS": "20"})
    own = Target(service.grpc_address, own_host=ELSEWHERE)
    most = 0

    async def watched() -> None:
        nonlocal most
        flood = asyncio.create_task(GRPC["stream opens"](own, 0.1, 3.0))
        while not flood.done():
            health = await asyncio.to_thread(get_json, service)
            most = max(most, health["metrics"]["feedback"]["subscribers"])
            await asyncio.sleep(0.05)
        await flood

    asyncio.run(watched())
    assert 0 < most <= 4 * 20


@both_loops
def test_silent_connections_over_tls_cost_little_and_push_no_probe_out(
    start_service: StartService, tmp_path: Path, event_loop: str
) -> None:
    authority = Authority(tmp_path, "authority")
    pair = authority.certificate("server")
    files = {"STRATEGIC_MEMORY_TLS_CERT": str(pair.chain), "STRATEGIC_MEMORY_TLS_KEY": str(pair.key)}
    service = start_service(env={**files, "STRATEGIC_MEMORY_EVENT_LOOP": event_loop})
    trusting = ssl.create_default_context(cafile=str(authority.own.chain))
    before_mib = peak_mib(service)

    async def probed() -> bytes:
        reader, writer = await asyncio.open_connection(*service.http_address.split(":"), ssl=trusting)
        writer.write(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer

    async def probed_under_flood() -> list[bytes]:
        flood = asyncio.create_task(HTTP["silent HTTP"](Target(service.http_address, own_host=ELSEWHERE), 1.0, 0.5))
        answers = [await probed() for _ in range(5)]
        await flood
        return answers

    assert all(b'{"ready":true}' in answer for answer in asyncio.run(probed_under_flood()))
    assert peak_mib(service) - before_mib < MOST_OF_SILENT_MIB
