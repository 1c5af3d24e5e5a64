"""PageTrips: sends what the followers of the streams want, and feeds them the replies, until each stream is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import redis.asyncio as redis

from strategic_memory_server.inputs.load_log import LoadLog
from strategic_memory_server.inputs.stream_follower import StreamFollower
from strategic_memory_server.redis_access.reading_pace import ReadingPace
from strategic_memory_server.redis_access.round_trip import Reply
from strategic_memory_server.waiting.running_tasks import side_by_side


class PageTrips:
    """Reads on behalf of MemoryLoader.

    Args:
        client: how Redis is reached.
        followers: of all streams.
        pace: how much of a page arrives in time.
        log: says how far a long reading has come.
    """

    def __init__(
        self, client: redis.Redis, followers: Sequence[StreamFollower], pace: ReadingPace, log: LoadLog
    ) -> None:
        self._client = client
        self._followers = followers
        self._pace = pace
        self._log = log

    async def until_read(self) -> None:
        """Read on until all streams are read: side by side, so that Redis reads one while another is made into columns.

        Raises:
            redis.exceptions.RedisError, OSError: as for `MemoryLoader.load`.
        """
        while pending := [follower for follower in self._followers if follower.outcome is None]:
            if len(pending) > 1 and self._pace.is_full:
                await side_by_side(self._read_on(follower) for follower in pending)
            else:
                await self.round_trip((), pending[:1], is_alive=True)

    async def _read_on(self, follower: StreamFollower) -> None:
        """Read a stream, for as long as the link bears it that others are read beside it."""
        while follower.outcome is None and self._pace.is_full:
            await self.round_trip((), [follower], is_alive=True)

    async def round_trip(
        self,
        values: Sequence[bytes],
        followers: Sequence[StreamFollower],
        *,
        is_alive: bool = False,
        told: Sequence[Reply] = (),
    ) -> Sequence[Reply]:
        """Send what some followers want, and feed them; give the replies to the commands for the values, sent too.

        Where the replies to all of that are known already, `told`, nothing is sent.
        """
        wanted: list[tuple[StreamFollower, list[bytes]]] = []

        def ask() -> list[bytes]:
            wanted[:] = [(follower, follower.commands()) for follower in followers]
            return [*values, *(each for _, asked in wanted for each in asked)]

        if told:
            ask()
        replies = told or await self._pace.read(self._client, ask, is_alive=is_alive)
        at = len(values)
        for follower, commands in wanted:
            if follower.from_scratch:
                # Many entries have been received, and as many are to be read: others have their turn in between.
                self._log.progress(self._followers, time.monotonic())
                await asyncio.sleep(0)
            follower.feed(replies[at : at + len(commands)])
            at += len(commands)
        return replies[: len(values)]
