"""The routes of the page: its shell and files for everybody, what it shows for those who may read."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib import resources
from importlib.metadata import version
from typing import Any

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from strategic_memory_server.faults.errors import (
    InvalidRequestError,
    OutOfScopeError,
    StrategicMemoryError,
    UnauthenticatedError,
    UnknownPortfolioError,
)
from strategic_memory_server.monitoring.http_connection import takes_on
from strategic_memory_server.page.now_feed import NowFeed
from strategic_memory_server.redis_access.redis_connection import describe_failure

_FOLDER = resources.files("strategic_memory_server.page")
_FILES = {
    "page.js": "text/javascript",
    "charts.js": "text/javascript",
    "portfolios.js": "text/javascript",
    "sections.js": "text/javascript",
    "writing.js": "text/javascript",
    "page.css": "text/css",
    "vendor/uPlot.iife.min.js": "text/javascript",
    "vendor/uPlot.min.css": "text/css",
    "vendor/uPlot.LICENSE": "text/plain",
}
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_STATUS = {
    InvalidRequestError: HTTPStatus.BAD_REQUEST,
    OutOfScopeError: HTTPStatus.FORBIDDEN,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    UnknownPortfolioError: HTTPStatus.NOT_FOUND,
}
JsonSource = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class PortfolioPage:
    """What a page shows of one portfolio.

    Attributes:
        feed: tells what is in force.
        revisions: gives the newest revisions as JSON.
        memory: gives an analysis of the memory as JSON.
    """

    feed: NowFeed
    revisions: JsonSource
    memory: JsonSource


def page_routes(
    page_of: Callable[[Request], Awaitable[PortfolioPage]], listed: Callable[[Request], Awaitable[bytes]]
) -> list[Route]:
    """Make the routes.

    Args:
        page_of: gives what is shown of the portfolio that a request is about; may raise StrategicMemoryError.
        listed: gives one page of the list of portfolios as JSON; likewise.
    """

    async def now(request: Request) -> Response:
        if request.method == "HEAD":  # it asks for no event, and would wait for the last one
            return Response(media_type="text/event-stream", headers=_HEADERS)
        try:
            feed = (await page_of(request)).feed
        except StrategicMemoryError as error:
            return _refusal(error)
        if feed.pages.is_full:
            said = f"{feed.pages.open} pages are open, as many as there may be: close one\n"
            return PlainTextResponse(said, HTTPStatus.SERVICE_UNAVAILABLE, _HEADERS)
        events = feed.events(takes_on(request.scope))
        return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)

    def asked(answer: Callable[[Request], Awaitable[bytes]]) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            try:
                return Response(await answer(request), media_type="application/json", headers=_HEADERS)
            except (RedisError, OSError, StrategicMemoryError) as error:
                return _refusal(error)

        return answered

    async def revisions(request: Request) -> bytes:
        return await (await page_of(request)).revisions()

    async def memory(request: Request) -> bytes:
        return await (await page_of(request)).memory()

    return [
        *_file_routes(),
        Route("/page/now", now),
        Route("/page/revisions", asked(revisions)),
        Route("/page/memory", asked(memory)),
        Route("/page/portfolios", asked(listed)),
    ]


def _file_routes() -> list[Route]:
    files = {name: (_FOLDER / "static" / name).read_bytes() for name in _FILES}

    async def page(_request: Request) -> Response:
        return HTMLResponse(_shell(), headers=_HEADERS)

    def file(name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_request: Request) -> Response:
            return Response(files[name], media_type=_FILES[name], headers=_HEADERS)

        return answer

    return [Route("/", page), *(Route(f"/page/{name}", file(name)) for name in _FILES)]


def _refusal(error: Exception) -> Response:
    status = _STATUS.get(type(error), HTTPStatus.SERVICE_UNAVAILABLE)
    failure = str(error) if type(error) in _STATUS else describe_failure(error)
    return JSONResponse({"failure": failure}, status, _HEADERS)


@cache
def _shell() -> str:
    # Three MiB that a service at which nobody looks does not hold.
    jinja2: Any = importlib.import_module("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("strategic_memory_server.page"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    shell: str = environment.get_template("page.html").render(version=version("strategic-memory"))
    return shell


OPEN_TO_ALL = frozenset({"/", *(f"/page/{name}" for name in _FILES)})
"""Paths that say nothing of the advice."""
