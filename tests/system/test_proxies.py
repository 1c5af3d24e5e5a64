"""The sample proxies in deploy/, each as the real program: a quiet stream, a large request, a server that drains."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import grpc
import pytest
import redis
from conftest import StartService
from faults.free_ports import free_port
from processes import REPOSITORY, eventually, require_tool
from redis_inputs import add_regime, add_trade

from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_client import (
    Backoff,
    ClientOptions,
    Delivery,
    Disconnected,
    FeedbackReceived,
    InlineMemory,
    StrategicMemoryClient,
    StrategicMemoryError,
    TradeColumns,
)

pytestmark = [pytest.mark.system, pytest.mark.processes]

SAMPLES = REPOSITORY / "deploy" / "proxies"
QUIET_S = {"envoy.yaml": 17.0}
"""Longer than the time after which a proxy ends every stream, unless it is told."""

STREAMS = {"envoy.yaml": 1_200, "haproxy.cfg": 400, "nginx.conf": 600}
"""More than a proxy lets through at once, unless it is told; to all of them that goes for one connection."""

ON_ONE_CONNECTION = 200

OPTIONS = ClientOptions(missed_heartbeats=15, backoff=Backoff(0.02, 0.2))
"""A proxy that ends a stream is noticed at once; one that is slow, on a busy machine, has not ended it."""

COMMANDS: dict[str, Callable[[Path], list[str]]] = {
    "nginx.conf": lambda file: [
        *("nginx", "-p", str(file.parent), "-c", str(file), "-e", "stderr"),
        *("-g", f"daemon off; pid {file.parent}/nginx.pid; error_log stderr;"),
    ],
    "haproxy.cfg": lambda file: ["haproxy", "-f", str(file)],
    "envoy.yaml": lambda file: ["envoy", "-c", str(file), "--log-level", "error", "--disable-hot-restart"],
}


@contextmanager
def proxy(sample: str, service_port: int, folder: Path) -> Iterator[str]:
    """Run a sample between two free ports; yield where clients come."""
    program, *arguments = COMMANDS[sample](folder / sample)
    port = free_port()
    text = (SAMPLES / sample).read_text()
    assert text.count("50052") > 1
    (folder / sample).write_text(text.replace("50052", str(port)).replace("50051", str(service_port)))
    process = subprocess.Popen([require_tool(program), *arguments])
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def answers(client: StrategicMemoryClient) -> bool:
    try:
        return client.get_feedback(timeout_s=1.0).revision > 0
    except StrategicMemoryError:
        return False


def serves(client: StrategicMemoryClient) -> bool:
    try:
        return client.check_health(timeout_s=1.0).serving
    except StrategicMemoryError:
        return False


@pytest.mark.parametrize("sample", sorted(COMMANDS))
def test_streams_and_large_requests_pass(
    sample: str, start_service: StartService, redis_client: redis.Redis, tmp_path: Path
) -> None:
    for _ in range(4):
        add_regime(redis_client, "BULL", 0.4)
        add_trade(redis_client, "BULL", 0.3)
    port = free_port()
    arguments = ("--grpc-address", f"127.0.0.1:{port}")
    lasting = {"STRATEGIC_MEMORY_VALIDITY": "120"}
    service = start_service(sync_interval_s=60, arguments=arguments, env=lasting)
    with proxy(sample, port, tmp_path) as address, StrategicMemoryClient(address, options=OPTIONS) as client:
        eventually(lambda: answers(client), 30)
        assert client.check_health().serving

        events = client.stream_events(delivery=Delivery.EVERY, heartbeat_interval_s=1.0)
        first = next(events)
        assert isinstance(first, FeedbackReceived)
        heard_until_s = time.monotonic() + QUIET_S.get(sample, 2.0)
        while time.monotonic() < heard_until_s:
            assert not isinstance(next(events), Disconnected)

        many = 200_000
        trades = TradeColumns(market_regime=["BULL"] * many, realized_pnl=[0.1] * many)
        memory = InlineMemory(trade_results=trades)
        assert client.analyze(memory, timeout_s=60.0).feedback.preferred_regime == "BULL"

        service.send_signal(signal.SIGTERM)
        service.wait()
        start_service(sync_interval_s=60, arguments=arguments, env=lasting)
        add_trade(redis_client, "BULL", 0.9)
        later = next(event.feedback for event in events if isinstance(event, FeedbackReceived))
        assert (later.epoch, later.revision) == (first.feedback.epoch, first.feedback.revision + 1)


@pytest.mark.parametrize("sample", sorted(STREAMS))
def test_as_many_streams_pass_as_the_service_admits(sample: str, start_service: StartService, tmp_path: Path) -> None:
    port = free_port()
    start_service(arguments=("--grpc-address", f"127.0.0.1:{port}"))
    with proxy(sample, port, tmp_path) as address, StrategicMemoryClient(address, options=OPTIONS) as client:
        eventually(lambda: serves(client), 30)
        assert asyncio.run(refused_of(address, STREAMS[sample])) == []


async def refused_of(address: str, streams: int) -> list[str]:
    """Open so many streams at once; return why those that were told nothing have ended."""
    async with AsyncExitStack() as stack:
        stubs = []
        for number in range(streams // ON_ONE_CONNECTION):
            # Channels whose options differ have connections of their own.
            options = [("grpc.use_local_subchannel_pool", 1), ("strategic_memory.number", number)]
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(address, options))
            stubs.append(service_pb2_grpc.StrategicMemoryServiceStub(channel))
        calls = [stubs[n % len(stubs)].StreamFeedback(service_pb2.StreamFeedbackRequest()) for n in range(streams)]
        told = await asyncio.wait_for(asyncio.gather(*(each.read() for each in calls), return_exceptions=True), 100)
        for call in calls:
            call.cancel()
        return [str(each) for each in told if not isinstance(each, service_pb2.StreamFeedbackResponse)]
