"""Opens the gRPC server with everything it serves, and drains it when it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2_grpc

from strategic_memory.v1 import admin_pb2, admin_pb2_grpc, service_pb2, service_pb2_grpc
from strategic_memory_server.faults.errors import ListenError
from strategic_memory_server.identity.access import Access
from strategic_memory_server.identity.request_rate import RequestRate
from strategic_memory_server.identity.scope import Scope
from strategic_memory_server.rpc import reflection
from strategic_memory_server.rpc.admin.servicer import StrategicMemoryAdminServicer
from strategic_memory_server.rpc.admission import Admission
from strategic_memory_server.rpc.boundary import Boundary
from strategic_memory_server.rpc.grpc_settings import GrpcSettings
from strategic_memory_server.rpc.guard import Guard, NobodyAsked
from strategic_memory_server.rpc.health import HealthServicer
from strategic_memory_server.rpc.rpc_metrics import RpcMetrics
from strategic_memory_server.rpc.servicer import StrategicMemoryServicer
from strategic_memory_server.rpc.tls_credentials import server_credentials
from strategic_memory_server.rpc.traced_calls import TracedCalls
from strategic_memory_server.tls.served_certificates import ServedCertificates
from strategic_memory_server.tracing.tracing import OFF, Tracing

ADMIN_SERVICE_NAME = admin_pb2.DESCRIPTOR.services_by_name["StrategicMemoryAdminService"].full_name
SERVICE_NAME = service_pb2.DESCRIPTOR.services_by_name["StrategicMemoryService"].full_name

PERMITTED_PING_INTERVAL_MS = 10_000
"""Clients may ping this often; the client library pings every 20 s at most."""

PING_AFTER_MS = 30_000
PING_TIMEOUT_MS = 10_000
HANDSHAKE_MS = 10_000
"""Whoever connects and says nothing takes a descriptor for so long."""

COMES_BACK_WITHIN_S = 0.2
"""Whoever was told that the server goes away, and tries it again first, has done so by then."""

IDLE_CONNECTION_MS = 60_000
"""A connection without a call for so long ends; its client makes another one with its next call."""

MAX_PENDING_CALLS = 20_000
LONGEST_PENDING_S = 120
"""By then gRPC cancels a call that was not begun; subscribers that catch up in masses can hold up the others."""

ANALYZE = f"/{SERVICE_NAME}/Analyze"
LIST_PORTFOLIOS = f"/{SERVICE_NAME}/ListPortfolios"

ADMIN_METHODS = frozenset(
    f"/{ADMIN_SERVICE_NAME}/{method}" for method in ("SetOverride", "ClearOverride", "Freeze", "GetState")
)
"""What an operator calls; each call is written down."""

MOST_AT_ONCE = {
    ANALYZE: 256,
    LIST_PORTFOLIOS: 16,
    **dict.fromkeys(ADMIN_METHODS, 16),
    f"/{health.SERVICE_NAME}/Watch": 1_000,
    f"/{reflection.V1}/{reflection.METHOD}": 100,
    f"/{reflection.V1ALPHA}/{reflection.METHOD}": 100,
}
"""Calls admitted at once, of methods whose calls can last. Streams of feedback have a setting of their own."""

RECEIVING = frozenset({ANALYZE})
"""Methods that receive and parse their requests themselves, when there is room for them."""

SCOPES = {
    f"/{SERVICE_NAME}/GetFeedback": Scope.READ,
    f"/{SERVICE_NAME}/StreamFeedback": Scope.READ,
    LIST_PORTFOLIOS: Scope.READ,
    ANALYZE: Scope.ANALYZE,
    **dict.fromkeys(ADMIN_METHODS, Scope.ADMIN),
}
"""What a method takes, where callers are known."""

NAMED_BYTES = 16 * 1024 * 1024
"""By so much a request may be too large and is received all the same, to be refused with the name of the setting."""


@dataclass(frozen=True, slots=True)
class GrpcServer:
    """An open server: where it listens, and the servicers behind it."""

    address: str
    servicer: StrategicMemoryServicer
    health: HealthServicer

    def drain(self) -> None:
        """Say NOT_SERVING and end every stream, so that clients go elsewhere. Any number of times."""
        self.health.stop_serving()
        self.servicer.drain()


def _open_to_all(settings: GrpcSettings) -> frozenset[str]:
    """Return the services that need no identity: probes of health show none."""
    reflected = (reflection.V1, reflection.V1ALPHA) if settings.is_reflection_open else ()
    return frozenset({health.SERVICE_NAME, *reflected})


def _admission(settings: GrpcSettings) -> Admission:
    rate = RequestRate(settings.caller_rate, "STRATEGIC_MEMORY_CALLER_RATE") if settings.caller_rate else None
    # Whoever asks for the health is to be answered whatever else comes from there.
    return Admission(MOST_AT_ONCE, {ANALYZE: settings.caller_analyses}, rate, {health.SERVICE_NAME})


def _options(settings: GrpcSettings, most_connections: int) -> list[tuple[str, int]]:
    return [
        ("grpc.max_allowed_incoming_connections", most_connections),
        ("grpc.max_concurrent_streams", settings.connection_calls),
        ("grpc.max_connection_idle_ms", IDLE_CONNECTION_MS),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_MS),
        # With this a second server can bind the same port, and each gets half of the calls.
        ("grpc.so_reuseport", int(settings.is_port_shared)),
        ("grpc.max_receive_message_length", settings.max_request_bytes + min(settings.max_request_bytes, NAMED_BYTES)),
        ("grpc.max_send_message_length", -1),
        ("grpc.keepalive_time_ms", PING_AFTER_MS),
        ("grpc.http2.ping_timeout_ms", PING_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", PERMITTED_PING_INTERVAL_MS),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", PERMITTED_PING_INTERVAL_MS),
        # What ends a stream whose peer answers pings and does not read: its handler cannot, it waits to write.
        ("grpc.max_connection_age_ms", round(settings.max_connection_age_s * 1_000)),
        ("grpc.max_connection_age_grace_ms", round(settings.connection_grace_s * 1_000)),
        # A thousand subscribers that reconnect at once must not be dropped.
        ("grpc.server.max_pending_requests", MAX_PENDING_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING_CALLS),
        ("grpc.server_max_unrequested_time_in_server", LONGEST_PENDING_S),
    ]


@asynccontextmanager
async def open_grpc_server(
    servicer: StrategicMemoryServicer,
    admin: StrategicMemoryAdminServicer,
    metrics: RpcMetrics,
    settings: GrpcSettings,
    most_connections: int | None = None,
    certificates: ServedCertificates | None = None,
    access: Access | None = None,
    tracing: Tracing = OFF,
) -> AsyncIterator[GrpcServer]:
    """Serve until the context is left; then end the streams first, so that their clients go elsewhere.

    Args:
        servicer: answers.
        admin: answers operators.
        metrics: count the calls.
        settings: where, and how much.
        most_connections: connections that there are descriptors for; None: any number. One more is closed.
        certificates: what is shown to clients; None: connections are not encrypted.
        access: knows who may call what; None: whoever reaches the address may, but for what takes ADMIN.
        tracing: is told of calls, those of health apart.

    Raises:
        ListenError: the address cannot be listened on.
    """
    connections = min(settings.max_connections, most_connections or settings.max_connections)
    server = grpc.aio.server(options=_options(settings, connections))
    guard = (
        NobodyAsked(SCOPES, is_admin_open=settings.is_admin_open)
        if access is None
        else Guard(access, SCOPES, _open_to_all(settings))
    )
    traced = TracedCalls(tracing, (health.SERVICE_NAME,)) if tracing.is_on else None
    boundary = Boundary(server, metrics, _admission(settings), RECEIVING, guard, ADMIN_METHODS, traced)
    health_servicer = HealthServicer((SERVICE_NAME,))
    service_pb2_grpc.add_StrategicMemoryServiceServicer_to_server(servicer, boundary.as_server)
    admin_pb2_grpc.add_StrategicMemoryAdminServiceServicer_to_server(admin, boundary.as_server)
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, boundary.as_server)
    reflected = reflection.Reflection((SERVICE_NAME, ADMIN_SERVICE_NAME, health.SERVICE_NAME))
    for name in (reflection.V1, reflection.V1ALPHA):
        boundary.add_registered_method_handlers(name, reflected.handlers())
    try:
        if certificates is None:
            port = server.add_insecure_port(settings.address)
        else:
            port = server.add_secure_port(settings.address, server_credentials(certificates))
    except RuntimeError:
        raise ListenError("STRATEGIC_MEMORY_GRPC_ADDRESS", settings.address) from None
    await server.start()
    host = settings.address.rpartition(":")[0]
    opened = GrpcServer(f"{host}:{port}", servicer, health_servicer)
    try:
        yield opened
    finally:
        opened.drain()
        # Once it stops, gRPC cancels the calls that still come, without a word of why.
        with suppress(TimeoutError):
            await asyncio.wait_for(servicer.nobody_comes(COMES_BACK_WITHIN_S), settings.stop_grace_s)
        await server.stop(settings.stop_grace_s)
