"""Floods: what somebody who means harm, or a broken program, sends to a service; bounded in number and in time.

They are for services of the tests alone. Each gives how many connections were open at its end, or how much was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any

from abuse.connections import Connection, Target, connected, http2
from abuse.units import MakeUnit, asking, opening, opening_and_resetting, pinging, with_large_metadata
from faults.http2_frames import PREFACE

_STEP_S = 0.02
_DRIP_S = 0.1
_CONNECT_AT_ONCE = 64
_MOST_UNITS = 2**29
"""Numbers of streams of one connection end there."""


async def _connections(
    target: Target, count: int, seconds: float, connect: Callable[[AsyncExitStack, Target], Awaitable[Connection]]
) -> int:
    async with AsyncExitStack() as stack:
        opening_ones = asyncio.Semaphore(_CONNECT_AT_ONCE)
        opened: list[Connection] = []

        async def one() -> None:
            async with opening_ones:
                with contextlib.suppress(OSError):
                    opened.append(await connect(stack, target))

        await asyncio.gather(*(one() for _ in range(count)))
        await asyncio.sleep(seconds)
        return sum(connection.is_open for connection in opened)


async def silent(target: Target, count: int, seconds: float) -> int:
    """Connect so often, and say nothing, not even what begins TLS."""

    async def connect(stack: AsyncExitStack, target: Target) -> Connection:
        return await stack.enter_async_context(connected(target, encrypted=False))

    return await _connections(target, count, seconds, connect)


async def idle(target: Target, count: int, seconds: float) -> int:
    """Connect so often, begin HTTP/2, and then say nothing more."""
    return await _connections(target, count, seconds, http2)


async def paced(target: Target, connections: int, per_second: int, seconds: float, make: MakeUnit) -> int:
    """Send so many units a second over some connections that take turns; one that has ended is opened again.

    Args:
        target: where.
        connections: how many.
        per_second: units of all together.
        seconds: how long.
        make: makes what makes a unit from its number on its connection, which begins at 0.
    """
    unit, loop = make(target), asyncio.get_running_loop()
    sent, counts, lines = 0, [0] * connections, list[Connection | None]([None] * connections)
    async with AsyncExitStack() as stack:
        begun_s = loop.time()
        while (passed_s := loop.time() - begun_s) < seconds:
            each = max(int(passed_s * per_second) - sent, 0) // connections
            for number in range(connections):
                try:
                    line = lines[number]
                    if line is None or not line.is_open or counts[number] + each > _MOST_UNITS:
                        line = lines[number] = await http2(stack, target)
                        counts[number] = 0
                    line.write(b"".join(unit(counts[number] + more) for more in range(each)))
                    counts[number] += each
                    sent += each
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_STEP_S):
                            await line.drain()
                except OSError:
                    lines[number] = None
            await asyncio.sleep(_STEP_S)
    return sent


async def dripping(target: Target, connections: int, seconds: float, head: bytes) -> int:
    """Send a head that never ends over some connections, a byte every now and then."""
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(connected(target)) for _ in range(connections)]
        for at in range(round(seconds / _DRIP_S)):
            for line in lines:
                if line.is_open:
                    line.write(head[at : at + 1] or b"x")
            await asyncio.sleep(_DRIP_S)
        return sum(line.is_open for line in lines)


async def requests(target: Target, connections: int, seconds: float, path: str) -> int:
    """Ask for a page over some connections as fast as it is answered."""
    asked = 0
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    async def one() -> None:
        nonlocal asked
        async with contextlib.AsyncExitStack() as stack:
            line = await stack.enter_async_context(connected(target))
            while line.is_open:
                before = line.received
                line.write(request)
                await line.more(before)
                asked += 1

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(one() for _ in range(connections)), return_exceptions=True)
    return asked


Flood = Callable[[Target, float, float], Coroutine[Any, Any, int]]
"""Takes where, how much of the whole, and how many seconds."""


def _paced(connections: int, per_second: int, make: MakeUnit) -> Flood:
    return lambda target, scale, seconds: paced(target, connections, round(per_second * scale), seconds, make)


GRPC: Mapping[str, Flood] = {
    "silent connections": lambda target, scale, seconds: silent(target, round(10_000 * scale), seconds),
    "idle connections": lambda target, scale, seconds: idle(target, round(10_000 * scale), seconds),
    "stream opens": _paced(4, 5_000, opening),
    "resets": _paced(4, 5_000, opening_and_resetting),
    "pings": _paced(4, 20_000, pinging),
    "large metadata": _paced(4, 40, with_large_metadata),
    "calls": _paced(4, 5_000, asking),
    "slow heads": lambda target, scale, seconds: dripping(target, round(400 * scale), seconds, PREFACE[:20]),
}
"""Floods of the gRPC listener, at their full size those that the service is held to."""

HTTP: Mapping[str, Flood] = {
    "silent HTTP": lambda target, scale, seconds: silent(target, round(1_300 * scale), seconds),
    "slow HTTP heads": lambda target, scale, seconds: dripping(
        target, round(600 * scale), seconds, b"GET /health HTTP/1.1\r\n"
    ),
    "HTTP requests": lambda target, scale, seconds: requests(target, max(round(16 * scale), 1), seconds, "/metrics"),
}
"""The same of the HTTP listener."""
