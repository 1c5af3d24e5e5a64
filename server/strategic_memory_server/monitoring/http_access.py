"""HttpAccess: answers only those who may read what they ask for.

`/health` is for everybody, as probes show nothing; that of a portfolio is not.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strategic_memory_server.faults.errors import OutOfScopeError, UnauthenticatedError
from strategic_memory_server.identity import scope as scopes
from strategic_memory_server.identity.access import Access, sole_authorization
from strategic_memory_server.identity.grants import ALL
from strategic_memory_server.identity.permit import IN_HAND, Permit

NAMES = "strategic_memory.certificate_names"
"""Where a connection keeps the names in the certificate that its client has shown."""

CALLER = "strategic_memory.caller"
"""Where a request keeps the name in the access file of who makes it."""


class HttpAccess:
    """Middleware (ASGI) that lets through whoever may read a path, and answers others with 401 or 403.

    Args:
        app: what it stands in front of.
        access: knows who may read.
        open_to_all: paths that need no identity, unless they are asked about one portfolio.
        of_all: paths that tell of all portfolios together.
    """

    def __init__(
        self, app: ASGIApp, access: Access, open_to_all: Collection[str], of_all: Collection[str] = ()
    ) -> None:
        self._app = app
        self._access = access
        self._open = open_to_all
        self._of_all = of_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and (scope["path"] not in self._open or portfolio_asked(scope)):
            shown = sole_authorization(Headers(scope=scope).getlist("authorization")), scope.get(NAMES, ())
            try:
                about = ALL if scope["path"] in self._of_all else None
                permit = Permit(self._access, scopes.Scope.READ, *shown, about)
            except UnauthenticatedError as error:
                challenge = {"www-authenticate": "Bearer"}
                await PlainTextResponse(f"{error}\n", 401, challenge)(scope, receive, send)
                return
            except OutOfScopeError as error:
                await PlainTextResponse(f"{error}\n", 403)(scope, receive, send)
                return
            IN_HAND.set(permit)
            if permit.identity.is_one:
                scope[CALLER] = permit.identity.name

            async def send_while_permitted(message: Message) -> None:
                # A token that was taken back ends an answer that goes on, with its next part.
                if message.get("more_body") and not _goes_on(permit):
                    message = {"type": message["type"], "body": b"", "more_body": False}
                await send(message)

            await self._app(scope, receive, send_while_permitted)
            return
        await self._app(scope, receive, send)


def portfolio_asked(scope: Scope) -> str:
    """Return the portfolio that a request names; empty: none, or the default one."""
    return QueryParams(scope["query_string"]).get("portfolio", "")


def _goes_on(permit: Permit) -> bool:
    try:
        permit.renew()
    except (UnauthenticatedError, OutOfScopeError):
        return False
    return True
