"""Asks a server for its health and its feedback all the time, from a process of its own, and prints each wait."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from strategic_memory.v1 import service_pb2, service_pb2_grpc

HEALTH, READY, CALL = "health", "ready", "call"
EVERY_S = 0.02
LONGEST_S = 20.0


async def _again_and_again(kind: str, ask: Callable[[], Awaitable[object]]) -> None:
    while True:
        begun_s = time.perf_counter()
        try:
            await ask()
            waited_s = time.perf_counter() - begun_s
        except (grpc.RpcError, OSError, TimeoutError):
            waited_s = float("inf")
        sys.stdout.write(f"{kind} {waited_s * 1_000:.2f}\n")
        sys.stdout.flush()
        await asyncio.sleep(EVERY_S)


async def _probe(grpc_address: str, http_address: str) -> None:
    async with grpc.aio.insecure_channel(grpc_address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        service: Any = service_pb2_grpc.StrategicMemoryServiceStub(channel)

        async def ready() -> None:
            async with asyncio.timeout(LONGEST_S):
                reader, writer = await asyncio.open_connection(*http_address.split(":"))
                try:
                    writer.write(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if not (await reader.readline()).startswith(b"HTTP/1.1 200"):
                        raise OSError("not ready")
                finally:
                    writer.close()

        await asyncio.gather(
            _again_and_again(HEALTH, lambda: health.Check(health_pb2.HealthCheckRequest(), timeout=LONGEST_S)),
            _again_and_again(CALL, lambda: service.GetFeedback(service_pb2.GetFeedbackRequest(), timeout=LONGEST_S)),
            _again_and_again(READY, ready),
        )


if __name__ == "__main__":
    asyncio.run(_probe(*sys.argv[1:]))
