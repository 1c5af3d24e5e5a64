"""Who makes the call in hand, for what is counted by caller: an identity where callers are known, else an address."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from grpc.aio import ServicerContext

from strategic_memory_server.identity.peer import peer_of

KNOWN: ContextVar[str | None] = ContextVar("known_caller", default=None)
"""The name in the access file of who makes the call, set by the guard. gRPC runs each call in a context of its own."""

_REMEMBERED = 4_096
_hosts: dict[str, str] = {}


def caller_of(context: ServicerContext[Any, Any]) -> str:
    """Return who makes the call in hand."""
    return KNOWN.get() or _host(context.peer())


def _host(peer: str) -> str:
    """Return the host of a peer: to find it takes less time than to read the address anew for each call."""
    if (host := _hosts.get(peer)) is None:
        if len(_hosts) >= _REMEMBERED:
            _hosts.clear()
        host = _hosts[peer] = peer_of(peer)
    return host
