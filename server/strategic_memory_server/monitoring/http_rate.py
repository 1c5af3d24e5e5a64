"""HttpRate: answers each caller so many requests a second; more are refused with 429."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from strategic_memory_server.faults.limits import TooManyRequestsError
from strategic_memory_server.identity.peer import host_of
from strategic_memory_server.identity.request_rate import RequestRate
from strategic_memory_server.monitoring.http_access import CALLER


class HttpRate:
    """Middleware (ASGI) that counts requests by caller, and answers 429 to those above the rate.

    Args:
        app: what it stands in front of.
        rate: counts the requests of each caller.
        costs: as how many requests one of a path counts; others are not counted, for they cost next to nothing.
        refused: counts those refused, by path.
    """

    def __init__(self, app: ASGIApp, rate: RequestRate, costs: Mapping[str, float], refused: Counter[str]) -> None:
        self._app = app
        self._rate = rate
        self._costs = costs
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        cost = self._costs.get(scope["path"]) if scope["type"] == "http" else None
        if cost is not None:
            try:
                self._rate.take(scope.get(CALLER) or _host(scope), cost)
            except TooManyRequestsError as error:
                self._refused[scope["path"]] += 1
                later = {"retry-after": str(math.ceil(error.retry_s or 0.0))}
                await PlainTextResponse(f"{error}\n", 429, later)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _host(scope: Scope) -> str:
    client = scope.get("client")
    return host_of(client[0]) if client else ""
