"""The standard health service (`grpc.health.v1.Health`).

Each Watch writes on its own: a watcher that stops reading holds up neither the others nor a change of the status.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from strategic_memory_server.revisions.change_signal import ChangeSignal, Waiter
from strategic_memory_server.rpc.behaviour import CallContext

WHOLE_SERVER = ""

Response = health_pb2.HealthCheckResponse


class HealthServicer(health_pb2_grpc.HealthServicer):
    """Tells whether the server takes calls, as a whole ("") and by service.

    A server that cannot reach Redis is serving: it answers with what it knows, or with the safe values. It is not
    serving from the moment it begins to stop.
    """

    def __init__(self, services: tuple[str, ...]) -> None:
        self._services = (WHOLE_SERVER, *services)
        self._changed = ChangeSignal()
        self._ended = False

    @property
    def is_serving(self) -> bool:
        """Whether the server takes calls."""
        return not self._ended

    def stop_serving(self) -> None:
        """Tell everybody NOT_SERVING, and end the watches."""
        self._ended = True
        self._changed.notify()

    async def Check(self, request: health_pb2.HealthCheckRequest, context: CallContext) -> Response:
        """Tell the status of one service."""
        if request.service not in self._services:
            known = ", ".join(name for name in self._services if name)
            await context.abort(
                grpc.StatusCode.NOT_FOUND,
                f"no service of that name here; there are {known}, and the empty name for the server",
            )
        return self._response(request.service)

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: CallContext) -> AsyncIterator[Response]:
        """Tell the status of one service now and whenever it changes."""
        told: Response | None = None
        with closing(Waiter(self._changed)) as waiter:
            while True:
                waiter.look()
                response = self._response(request.service)
                if response != told:
                    told = response
                    yield response
                    continue
                if self._ended:
                    return
                await waiter.wait()

    def _response(self, service: str) -> Response:
        if service not in self._services:
            return Response(status=Response.SERVICE_UNKNOWN)
        return Response(status=Response.NOT_SERVING if self._ended else Response.SERVING)
