"""The HTTP side: `GET /health` and `GET /metrics`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from strategic_memory_server.errors import ListenError

SHUTDOWN_S = 1


def http_app(report: Callable[[], dict[str, Any]], metrics: Callable[[], bytes]) -> Starlette:
    """Make the application."""

    async def health(_request: Request) -> Response:
        return JSONResponse(report())

    async def prometheus(_request: Request) -> Response:
        return Response(metrics(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/health", health), Route("/metrics", prometheus)])


class _Server(uvicorn.Server):
    """A server inside another program: signals are that program's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signal handlers alone."""
        yield


@asynccontextmanager
async def open_http_server(app: Starlette, address: str) -> AsyncIterator[str]:
    """Serve until the context is left; gives the address listened on.

    Raises:
        ListenError: the address cannot be listened on.
    """
    listener = _listen(address)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        host = address.rpartition(":")[0]
        yield f"{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family)
    except OSError as error:
        raise ListenError("STRATEGIC_MEMORY_HTTP_ADDRESS", address, error.strerror or str(error)) from error
