"""HostGuard: answers only requests that mean this service, and says of every answer what it is, and when it was given.

A page on the web can have its own name resolve to an address of this machine, and then read what is served there (DNS
rebinding). Its requests carry that name as their Host, and no page can have an address for a name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from email.utils import formatdate

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAME = "localhost"
ANY_HOST = "*"


class HostGuard:
    """Middleware (ASGI) that refuses other hosts with 421, and completes the heads of answers.

    Args:
        app: what it stands in front of.
        hosts: names of this service beside localhost and all addresses, without a port; "*": any.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = {LOOPBACK_NAME, *(host.lower().rstrip(".") for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["date"] = formatdate(usegmt=True)
                headers["x-content-type-options"] = "nosniff"
            await send(message)

        host = Headers(scope=scope).get("host", "")
        if self._is_ours(host):
            await self._app(scope, receive, send_marked)
        else:
            refusal = "This is not a host of this service; STRATEGIC_MEMORY_HTTP_HOSTS says which are.\n"
            await PlainTextResponse(refusal, status_code=421)(scope, receive, send_marked)

    def _is_ours(self, host: str) -> bool:
        """Tell whether a Host header means this service; one that is absent was sent by no browser."""
        name = _without_port(host).lower().rstrip(".")
        return not host or ANY_HOST in self._hosts or name in self._hosts or _is_address(name)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
