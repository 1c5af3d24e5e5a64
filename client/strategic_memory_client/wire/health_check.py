"""The standard health check, asked about this service."""

from __future__ import annotations

from grpc_health.v1 import health_pb2

from strategic_memory_client.values.health import ServiceHealth

SERVICE_NAME = "strategic_memory.v1.StrategicMemoryService"
"""Name under which the server reports its health."""

CHECK_METHOD = "/grpc.health.v1.Health/Check"
"""Path of the call."""


def health_request() -> health_pb2.HealthCheckRequest:
    """Return the request."""
    return health_pb2.HealthCheckRequest(service=SERVICE_NAME)


def health_from_wire(wire: health_pb2.HealthCheckResponse, address: str) -> ServiceHealth:
    """Return what the server at `address` answered; a status that is not known here is UNKNOWN."""
    serving = wire.status == health_pb2.HealthCheckResponse.SERVING
    known = health_pb2.HealthCheckResponse.ServingStatus.DESCRIPTOR.values_by_number.get(wire.status)
    return ServiceHealth(serving=serving, status="UNKNOWN" if known is None else known.name, address=address)


def unknown_service(address: str) -> ServiceHealth:
    """Return the health for a server that answers NOT_FOUND: it does not have this service."""
    return ServiceHealth(serving=False, status="SERVICE_UNKNOWN", address=address)
