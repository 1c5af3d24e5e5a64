"""Real gRPC servers for single handlers, and calls to them with bytes for messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from prometheus_client import CollectorRegistry

from strategic_memory_server.rpc.admission import Admission
from strategic_memory_server.rpc.boundary import Boundary
from strategic_memory_server.rpc.rpc_metrics import RpcMetrics

SERVICE = "test.Handlers"
Handler = Callable[[Any, Any], Any]


@dataclass(slots=True)
class HandlerServer:
    """A server with the boundary around its handlers, and a channel to it."""

    channel: grpc.aio.Channel
    registry: CollectorRegistry

    async def unary(self, name: str, request: bytes = b"", timeout_s: float = 10.0) -> bytes:
        """Call a method with one answer."""
        call: Any = self.channel.unary_unary(f"/{SERVICE}/{name}")
        answer: bytes = await call(request, timeout=timeout_s)
        return answer

    def stream(
        self, name: str, request: bytes = b"", timeout_s: float = 10.0
    ) -> grpc.aio.UnaryStreamCall[bytes, bytes]:
        """Call a method with a stream of answers."""
        call: Any = self.channel.unary_stream(f"/{SERVICE}/{name}")
        started: grpc.aio.UnaryStreamCall[bytes, bytes] = call(request, timeout=timeout_s)
        return started

    def count(self, metric: str, name: str, **labels: str) -> float:
        """A counter of a method; 0 where it was never counted."""
        kind = labels.pop("grpc_type", "unary")
        wanted = {"grpc_type": kind, "grpc_service": SERVICE, "grpc_method": name, **labels}
        return self.registry.get_sample_value(metric, wanted) or 0.0


@asynccontextmanager
async def handler_server(
    *,
    unary: Mapping[str, Handler] | None = None,
    stream: Mapping[str, Handler] | None = None,
    deserialize: Callable[[bytes], object] | None = None,
    most_at_once: Mapping[str, int] | None = None,
    receiving: Collection[str] = (),
) -> AsyncIterator[HandlerServer]:
    """Serve some handlers on a free port of the loopback until the context is left."""
    registry = CollectorRegistry()
    server = grpc.aio.server()
    handlers: dict[str, Any] = {
        name: grpc.unary_unary_rpc_method_handler(behaviour, request_deserializer=deserialize)
        for name, behaviour in (unary or {}).items()
    }
    handlers |= {
        name: grpc.unary_stream_rpc_method_handler(behaviour, request_deserializer=deserialize)
        for name, behaviour in (stream or {}).items()
    }
    limits = {f"/{SERVICE}/{name}": most for name, most in (most_at_once or {}).items()}
    Boundary(
        server, RpcMetrics(registry), Admission(limits), [f"/{SERVICE}/{name}" for name in receiving]
    ).add_registered_method_handlers(SERVICE, handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield HandlerServer(channel, registry)
    finally:
        await server.stop(0)
