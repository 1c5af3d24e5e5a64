"""File descriptors: how many the process may have, and which part of them its listeners may fill with connections.

What is left is for Redis, files and whatever else the process opens: nobody outside can use it up.
"""

from __future__ import annotations

import asyncio
import errno
import resource
from dataclasses import dataclass
from typing import Any

from strategic_memory_server.faults.problems import Problems

ENOUGH = 65_536
"""The limit is not raised beyond this; some programs that are started later walk through all of them."""

RESERVE = 128
"""Descriptors for everything but connections from outside: the service has about 40 open."""

MOST_HTTP = 256

EXHAUSTED = "descriptors_exhausted"
TOLD_FOR_S = 60.0


@dataclass(frozen=True, slots=True)
class DescriptorShares:
    """Connections that may be open at once, by listener."""

    http: int
    grpc: int


def raise_descriptor_limit() -> int:
    """Let this process have as many descriptors as it is permitted, within reason; give the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return ENOUGH if soft == resource.RLIM_INFINITY else soft


def shares_of(limit: int) -> DescriptorShares:
    """Divide so many descriptors: an eighth for HTTP, a reserve, and the rest for gRPC."""
    http = min(max(limit // 8, 8), MOST_HTTP)
    return DescriptorShares(http, max(limit - RESERVE - http, 16))


def report_exhaustion(problems: Problems) -> None:
    """State a problem when a connection cannot be accepted for want of descriptors.

    The event loop reports it with a traceback for each connection that waits, again and again.
    """
    loop = asyncio.get_running_loop()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            problems.state(
                EXHAUSTED,
                "no more file descriptors: connections cannot be accepted; raise the limit of the process (ulimit -n) "
                "and see who connects",
                for_s=TOLD_FOR_S,
            )
            return
        loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
