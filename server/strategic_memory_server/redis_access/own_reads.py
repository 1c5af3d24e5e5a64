"""How somebody waits for entries of streams, and the plain way: on a connection of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import redis.asyncio as redis

from strategic_memory_server.redis_access.round_trip import Entry, Reply, arrived_after, arrived_with

Arrived = dict[str, list[Entry]]


class Behind(Protocol):
    """Commands for as soon as a wait is over, and their replies; none where they were not asked."""

    commands: Sequence[bytes]
    replies: Sequence[Reply]


class StreamReads(Protocol):
    """Waits for entries on behalf of one reader."""

    async def arrived(self, cursors: Mapping[str, str], *, block_ms: int, behind: Behind | None = None) -> Arrived:
        """Wait for entries that came after a cursor each, and give them by key; none: none came in time.

        Who waits on a connection of its own is given the replies to `behind` with them, without another round trip.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        ...

    def interrupt(self) -> None:
        """Let a wait that may be long end, and every further one: whoever waits no more calls it."""
        ...

    def interrupt_once(self) -> None:
        """Let a wait that may be long end, or where nobody waits the next one."""
        ...


class OwnReads:
    """Waits on a connection of its own.

    Args:
        client: must bear reads that block for as long as is asked.
        count: most entries of each stream; None: all.
    """

    def __init__(self, client: redis.Redis, count: int | None = None) -> None:
        self._client = client
        self._count = count

    async def arrived(self, cursors: Mapping[str, str], *, block_ms: int, behind: Behind | None = None) -> Arrived:
        """Wait, as `StreamReads` says."""
        if behind is None:
            return await arrived_after(self._client, cursors, block_ms=block_ms, count=self._count)
        found, behind.replies = await arrived_with(
            self._client, cursors, behind.commands, block_ms=block_ms, count=self._count
        )
        return found

    def interrupt(self) -> None:
        """Do nothing: nobody asks for a long wait here."""

    def interrupt_once(self) -> None:
        """Do nothing, as `interrupt`."""
