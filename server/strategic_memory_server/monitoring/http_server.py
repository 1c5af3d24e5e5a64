"""The HTTP side: `GET /health` and `GET /metrics`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from strategic_memory_server.faults.errors import (
    DrainingError,
    ListenError,
    LogNotReadError,
    OutOfScopeError,
    StrategicMemoryError,
    UnauthenticatedError,
    UnknownPortfolioError,
)
from strategic_memory_server.identity.access import Access
from strategic_memory_server.identity.permit import IN_HAND, Permit
from strategic_memory_server.identity.request_rate import RequestRate
from strategic_memory_server.monitoring.bounded_listener import MOST_WAITING, BoundedListener
from strategic_memory_server.monitoring.http_access import HttpAccess, portfolio_asked
from strategic_memory_server.monitoring.http_connection import BoundedConnection
from strategic_memory_server.monitoring.http_guard import HostGuard
from strategic_memory_server.monitoring.http_rate import HttpRate
from strategic_memory_server.monitoring.http_settings import HttpSettings
from strategic_memory_server.monitoring.http_tls import RenewedContext, keep_small_buffers
from strategic_memory_server.monitoring.pages import NotGatheredError, Pages
from strategic_memory_server.tls.served_certificates import ServedCertificates

SHUTDOWN_S = 1

LIVE, READY, CAUGHT_UP = PROBES = ("/health/live", "/health/ready", "/health/caught-up")

COSTS = {"/health": 1.0, "/metrics": 5.0} | {
    f"/page/{what}": 1.0 for what in ("now", "revisions", "memory", "portfolios")
}
"""As how many requests one of a path counts. `PROBES` are answered whatever else comes."""

MOST_ENCRYPTED = 64
"""Connections at once over TLS. Each takes some 64 KB, from before its handshake on."""

LARGEST_HEAD_BYTES = 16 * 1024
"""Largest head of a request: of this service no request has as much as 1 KiB."""

_STATUS = {
    DrainingError: HTTPStatus.SERVICE_UNAVAILABLE,
    LogNotReadError: HTTPStatus.SERVICE_UNAVAILABLE,
    OutOfScopeError: HTTPStatus.FORBIDDEN,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
}


def http_app(
    pages: Pages,
    settings: HttpSettings = HttpSettings(),  # noqa: B008  it is frozen
    access: Access | None = None,
    is_serving: Callable[[], bool] = lambda: True,
    was_read: Callable[[], bool] = lambda: True,
    refused: Counter[str] | None = None,
    more: Sequence[Route] = (),
    open_to_all: Collection[str] = (),
) -> Starlette:
    """Make the application.

    Args:
        pages: give the answers of `/health` and `/metrics`.
        settings: under which names it is reached, and what anybody may read.
        access: knows who may read; None: whoever reaches the address may.
        is_serving: tells whether the service takes calls.
        was_read: tells whether it has read the log since it was started.
        refused: counts requests that come too often, by path.
        more: further routes.
        open_to_all: paths of these that say nothing of the advice, and need no identity.
    """

    async def live(_request: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_request: Request) -> Response:
        serves = is_serving()
        return JSONResponse({"ready": serves}, HTTPStatus.OK if serves else HTTPStatus.SERVICE_UNAVAILABLE)

    async def caught_up(_request: Request) -> Response:
        # Of one that cannot even read Redis another server should not make way for it.
        has = is_serving() and was_read()
        return JSONResponse({"caught_up": has}, HTTPStatus.OK if has else HTTPStatus.SERVICE_UNAVAILABLE)

    async def health(request: Request) -> Response:
        portfolio = portfolio_asked(request.scope)
        return await _health(pages, portfolio, IN_HAND.get() if access is not None and portfolio else None)

    async def prometheus(_request: Request) -> Response:
        try:
            return Response(await pages.metrics(), media_type=CONTENT_TYPE_LATEST)
        except NotGatheredError as error:
            return PlainTextResponse(f"{error}\n", HTTPStatus.SERVICE_UNAVAILABLE)

    guards = [Middleware(HostGuard, hosts=settings.all_hosts)]
    if access is not None:
        open_paths = {"/health", *PROBES, *open_to_all, *(("/metrics",) if settings.is_metrics_open else ())}
        guards.append(Middleware(HttpAccess, access=access, open_to_all=open_paths, of_all={"/metrics"}))
    if settings.caller_rate:
        rate = RequestRate(settings.caller_rate, "STRATEGIC_MEMORY_HTTP_CALLER_RATE")
        counts = Counter[str]() if refused is None else refused
        guards.append(Middleware(HttpRate, rate=rate, costs=COSTS, refused=counts))
    routes = {"/health": health, LIVE: live, READY: ready, CAUGHT_UP: caught_up, "/metrics": prometheus}
    return Starlette(routes=[*(Route(path, answer) for path, answer in routes.items()), *more], middleware=guards)


async def _health(pages: Pages, portfolio: str, permit: Permit | None) -> Response:
    """Answer with the health of a portfolio; `permit`: of whoever asks, None where everybody may."""
    try:
        if permit is not None:
            permit.take(portfolio)
        return JSONResponse(await pages.health(portfolio))
    except StrategicMemoryError as error:
        told = error if permit is None or not isinstance(error, UnknownPortfolioError) else permit.hiding(error)
        return JSONResponse({"failure": str(told)}, _STATUS.get(type(error), HTTPStatus.NOT_FOUND))


class _Server(uvicorn.Server):
    """A server inside another program: signals are that program's business, and connections that of its listener."""

    def __init__(self, config: uvicorn.Config, listen: Callable[[Callable[[], asyncio.Protocol]], Any]) -> None:
        super().__init__(config)
        self._listen = listen

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        connection = partial(make, config=self.config, server_state=self.server_state, app_state={})
        self.servers = [self._listen(connection)]
        self.started = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signal handlers alone."""
        yield


@asynccontextmanager
async def open_http_server(
    app: Starlette,
    address: str,
    most_connections: int = BoundedConnection.most,
    certificates: ServedCertificates | None = None,
    *,
    is_port_shared: bool = False,
) -> AsyncIterator[str]:
    """Serve until the context is left; gives the address listened on.

    Args:
        app: what answers.
        address: host:port to listen on.
        most_connections: connections at once.
        certificates: what is shown to clients; None: connections are not encrypted.
        is_port_shared: whether other processes listen on the same port.

    Raises:
        ListenError: the address cannot be listened on.
    """
    context = None
    if certificates is not None:
        context, most_connections = RenewedContext.of(certificates), min(most_connections, MOST_ENCRYPTED)
        keep_small_buffers()
    listening = _listen(address, is_port_shared=is_port_shared)
    server = _Server(
        uvicorn.Config(
            app,
            http=type("Connection", (BoundedConnection,), {"most": most_connections}),
            h11_max_incomplete_event_size=LARGEST_HEAD_BYTES,
            # What strangers send is no warning of this service, and there may be any amount of it.
            log_level="error",
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            # That of uvicorn is a second old, and older in a busy process; `HostGuard` tells it.
            date_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        ),
        # As many again may be in their handshake, so that those that never end it push out none that has.
        lambda connection: BoundedListener(listening, 2 * most_connections, connection, context),
    )
    port = listening.getsockname()[1]
    serving = asyncio.create_task(server.serve())
    try:
        host = address.rpartition(":")[0]
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        await serving


def _listen(address: str, *, is_port_shared: bool) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family, backlog=MOST_WAITING, reuse_port=is_port_shared)
    except OSError as error:
        raise ListenError("STRATEGIC_MEMORY_HTTP_ADDRESS", address, error.strerror or str(error)) from error
