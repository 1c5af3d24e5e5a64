"""Link: one connection through the proxy, to which the conditions of a bad network are applied."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Mapping

from faults.link_conditions import PERFECT, DepartureTimes, Direction, LinkConditions

_PIECE_BYTES = 16 * 1024
_PIECES_ON_THE_WAY = 64
_NO_LINGER = struct.pack("ii", 1, 0)


class _Way:
    """One direction of a link: takes pieces in, holds them until they are due, and lets them out."""

    def __init__(self, source: random.Random) -> None:
        self.waiting_bytes = 0
        self._conditions = PERFECT
        self._changed = asyncio.Event()
        self._departures = DepartureTimes(source)
        self._on_the_way: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(_PIECES_ON_THE_WAY)

    def change(self, conditions: LinkConditions) -> None:
        """Apply other conditions; what is on its way already is held back or let go as they say."""
        self._conditions = conditions
        if conditions == PERFECT:
            self._departures.forget()
        self._changed.set()
        self._changed = asyncio.Event()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry everything from one to the other until the end, which is carried too."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._take_in(reader))
            both.create_task(self._let_out(writer))

    async def until_open(self) -> None:
        """Wait until something may pass."""
        while self._conditions.cut:
            await self._changed.wait()

    async def _take_in(self, reader: asyncio.StreamReader) -> None:
        """Take pieces in; the end is an empty one, and a broken connection is None."""
        piece: bytes | None = b"begin"
        while piece:
            try:
                piece = await reader.read(_PIECE_BYTES)
            except OSError:
                piece = None
            size = len(piece or b"")
            self.waiting_bytes += size
            now_s = asyncio.get_running_loop().time()
            await self._on_the_way.put((self._departures.due_s(self._conditions, now_s, size), piece))

    async def _let_out(self, writer: asyncio.StreamWriter) -> None:
        while True:
            due_s, piece = await self._on_the_way.get()
            await self._until_due(due_s)
            if piece is None:
                raise ConnectionResetError
            if not piece:
                writer.write_eof()
                return
            self.waiting_bytes -= len(piece)
            writer.write(piece)
            await writer.drain()

    async def _until_due(self, due_s: float) -> None:
        """Wait until a piece may pass; when the link is healed meanwhile, it passes at once."""
        while True:
            wait_s = due_s - asyncio.get_running_loop().time()
            if self._conditions == PERFECT or (wait_s <= 0 and not self._conditions.cut):
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._conditions.cut else wait_s):
                    await self._changed.wait()


class Link:
    """One accepted connection and the one to the server that belongs to it.

    Args:
        reader: from the client.
        writer: to the client.
        source: draws the jitter.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, source: random.Random) -> None:
        self._reader = reader
        self._writers = [writer]
        self.ended = asyncio.Event()
        """Set by whoever runs it when it has ended."""
        self._ways = {direction: _Way(source) for direction in Direction}
        self._task = asyncio.current_task()

    @property
    def waiting_bytes(self) -> int:
        """How many bytes are held back in both directions."""
        return sum(way.waiting_bytes for way in self._ways.values())

    def change(self, conditions: Mapping[Direction, LinkConditions]) -> None:
        """Apply other conditions."""
        for direction, way in self._ways.items():
            way.change(conditions[direction])

    def reset(self) -> None:
        """Break the connection on both sides; `run` ends."""
        if self._task is not None:
            self._task.cancel()

    async def run(self, target: str, conditions: Mapping[Direction, LinkConditions]) -> None:
        """Carry bytes until both sides have ended, or one of them or the link breaks."""
        self.change(conditions)
        try:
            await self._carry(target)
        except* (OSError, asyncio.CancelledError):
            # One side has broken its connection, or the server could not be reached: the other learns the same.
            for writer in self._writers:
                _reset(writer)
        for writer in self._writers:
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _carry(self, target: str) -> None:
        await self._ways[Direction.TO_SERVER].until_open()
        host, _, port = target.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        self._writers.append(writer)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._ways[Direction.TO_SERVER].carry(self._reader, writer))
            both.create_task(self._ways[Direction.TO_CLIENT].carry(reader, self._writers[0]))
        for each in self._writers:
            each.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a TCP reset instead of an orderly end."""
    opened = writer.get_extra_info("socket")
    if opened is not None and opened.fileno() >= 0:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()
