"""Connections of the HTTP side: bounded in number and in how long they may take.

uvicorn bounds the time between two requests alone. A connection that sends nothing, or half a request, or does not take
its answer, it would keep for ever.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from strategic_memory_server.identity.peer import host_of
from strategic_memory_server.monitoring.bounded_listener import largest_crowd
from strategic_memory_server.monitoring.http_access import NAMES
from strategic_memory_server.tls.certificate_names import names_of

REQUEST_S = 10.0
"""Longest time from the beginning of a connection, or from its last answer, to the next answer that has been made.

An answer that has been made and is not taken has as long again.
"""

LATE_S = 0.25
TAKEN_WITHIN_S = 1.0
"""Where that ends too late by so much, seconds, the process stood still: so long it has to read what lies there."""

_TAKES_ON = "strategic_memory.takes_on"


def takes_on(scope: Scope) -> Callable[[], None]:
    """Return what an answer without an end calls when the peer has taken a part of it: it has time anew then."""
    renew: Callable[[], None] = scope.get(_TAKES_ON, lambda: None)
    return renew


class BoundedConnection(H11Protocol):
    """One connection. Of too many one ends: of the host that has the most, the one longest without an answer."""

    most = 256
    """Connections at once; a subclass says otherwise."""

    due_at_s = 0.0
    """When it ends unless it is answered, by the monotonic clock. Event loops may count in milliseconds."""

    _deadline: asyncio.TimerHandle | None = None
    _has_no_end = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, and make room."""
        super().connection_made(transport)
        self.app = _told(self.app, {NAMES: _certificate_names(transport), _TAKES_ON: self._taken})
        self._renew()
        if len(self.connections) > self.most:
            ours = [each for each in self.connections if isinstance(each, BoundedConnection)]
            host = largest_crowd(each.host for each in ours)
            last = min((each for each in ours if each.host == host), key=lambda each: each.due_at_s)
            self.connections.discard(last)
            # It may be this one, and uvloop would never tell that a connection has been made that ends meanwhile.
            self.loop.call_soon(last.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._renew()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; a request that it cuts short is answered no further, and no failure of ours."""
        # uvicorn has none before the first request, and does not say so in its types.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
                return
        super().send_400_response(msg)

    def shutdown(self) -> None:
        """End with the server: an answer without an end would be waited for, and reported as cut off."""
        super().shutdown()
        if self._has_no_end:
            self.transport.close()

    @property
    def host(self) -> str:
        """Whose it is, for as far as one can count by it."""
        return host_of(self.client[0]) if self.client else ""

    def abort(self) -> None:
        """End it at once, whatever has not been sent."""
        self.connections.discard(self)
        self.transport.abort()

    def _taken(self) -> None:
        self._has_no_end = True
        self._renew()

    def _renew(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self.due_at_s, self._deadline = time.monotonic() + REQUEST_S, self.loop.call_later(REQUEST_S, self._end)

    def _end(self) -> None:
        if time.monotonic() - self.due_at_s >= LATE_S:
            self._deadline = self.loop.call_later(TAKEN_WITHIN_S, self.abort)
        else:
            self.abort()


def _certificate_names(transport: asyncio.BaseTransport) -> tuple[str, ...]:
    """Return the names in the certificate that the client has shown, and that was verified."""
    encrypted: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    shown = None if encrypted is None else encrypted.getpeercert(binary_form=True)
    return names_of(shown) if shown else ()


def _told(app: ASGIApp, extras: Mapping[str, object]) -> ASGIApp:
    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, **extras}, receive, send)

    return called
