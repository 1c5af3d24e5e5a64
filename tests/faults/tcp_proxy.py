"""TcpProxy: stands between a client and a server on loopback, and breaks their connection in chosen ways.

It runs an event loop in a thread of its own, so that tests with and without a loop can use it. Each method returns when
its fault is in force. What a fault holds back is held in bounded buffers and passes when the link is healed: nothing
is ever lost or changed inside a connection, since TCP would not let that happen either.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Self, TypeVar

from faults.free_ports import HOST, free_port
from faults.link import Link
from faults.link_conditions import PERFECT, Direction, LinkConditions

Value = TypeVar("Value")

_COMMAND_WITHIN_S = 30.0
_LISTEN_ATTEMPTS = 20


class TcpProxy:
    """Forwards connections to a server, as long as it is open.

    Args:
        target: host:port of the server, which need not listen yet.
        seed: of the jitter.
    """

    def __init__(self, target: str, *, seed: int = 0) -> None:
        self._target = target
        self._seed = seed
        self._accepted = 0
        self._port = 0
        self._conditions = dict.fromkeys(Direction, PERFECT)
        self._links: set[Link] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._thread.start()
        self._do(self._listen_somewhere())

    @property
    def address(self) -> str:
        """The host:port to connect to; it stays the same through all faults."""
        return f"{HOST}:{self._port}"

    @property
    def accepted(self) -> int:
        """How many connections were ever accepted."""
        return self._accepted

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._links)

    @property
    def waiting_bytes(self) -> int:
        """How many bytes are held back inside the proxy right now."""
        return sum(link.waiting_bytes for link in list(self._links))

    def retarget(self, target: str) -> None:
        """Lead new connections to another server; those that are open stay."""
        self._target = target

    def delay(self, delay_ms: float, *, jitter_ms: float = 0.0, direction: Direction | None = None) -> None:
        """Let every byte arrive later, in one direction or both."""
        self._change(direction, lambda link: replace(link, delay_ms=delay_ms, jitter_ms=jitter_ms))

    def throttle(self, bytes_per_s: float, *, direction: Direction | None = None) -> None:
        """Let only so many bytes a second pass on each connection, in one direction or both."""
        self._change(direction, lambda link: replace(link, bytes_per_s=bytes_per_s))

    def cut(self, direction: Direction) -> None:
        """Let nothing pass in one direction, although the connections stay open; the other direction still works."""
        self._change(direction, lambda link: replace(link, cut=True))

    def stall(self) -> None:
        """Let nothing pass in either direction, although connections stay open and new ones are accepted."""
        self._change(None, lambda link: replace(link, cut=True))

    def hold_open(self) -> None:
        """Let nothing pass to the server on the connections that are open now, until the link is healed.

        New connections work, so that what is sent on them overtakes what is held back.
        """
        self._do(self._hold_open())

    def refuse(self) -> None:
        """Listen no more, so that new connections are refused; those that are open stay."""
        self._do(self._refuse())

    def reset(self) -> None:
        """Break every open connection on both sides with a TCP reset; new ones are accepted as before."""
        self._do(self._reset())

    def heal(self) -> None:
        """Be a perfect link again: what was held back passes, and new connections are accepted."""
        self._conditions = dict.fromkeys(Direction, PERFECT)
        self._do(self._heal())

    def close(self) -> None:
        """Break every connection and end. May be called again."""
        if self._loop.is_closed():
            return
        self._do(self._shut_down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_COMMAND_WITHIN_S)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _change(self, direction: Direction | None, change: Callable[[LinkConditions], LinkConditions]) -> None:
        for each in Direction if direction is None else (direction,):
            self._conditions[each] = change(self._conditions[each])
        self._do(self._apply())

    def _do(self, work: Coroutine[None, None, Value]) -> Value:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_COMMAND_WITHIN_S)

    async def _listen_somewhere(self) -> None:
        for attempt in range(1, _LISTEN_ATTEMPTS + 1):
            self._port = free_port()
            try:
                await self._listen()
            except OSError:
                if attempt == _LISTEN_ATTEMPTS:
                    raise
            else:
                return

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self._port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted += 1
        link = Link(reader, writer, random.Random(self._seed + self._accepted))
        self._links.add(link)
        try:
            await link.run(self._target, self._conditions)
        finally:
            self._links.discard(link)
            link.ended.set()

    async def _apply(self) -> None:
        for link in self._links:
            link.change(self._conditions)

    async def _hold_open(self) -> None:
        held = self._conditions | {Direction.TO_SERVER: replace(self._conditions[Direction.TO_SERVER], cut=True)}
        for link in self._links:
            link.change(held)

    async def _refuse(self) -> None:
        if self._server is not None:
            # asyncio forgets a connection whose server is closed while it is being accepted.
            while accepting := [task for task in asyncio.all_tasks() if "_accept_connection2" in repr(task)]:
                await asyncio.wait(accepting)
            self._server.close()
            self._server = None

    async def _reset(self) -> None:
        links = list(self._links)
        for link in links:
            link.reset()
        for link in links:
            await link.ended.wait()

    async def _heal(self) -> None:
        await self._apply()
        if self._server is None:
            await self._listen()

    async def _shut_down(self) -> None:
        await self._refuse()
        # A connection that was accepted this very moment has no link yet.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._reset()
            await asyncio.wait(others, timeout=0.01)
