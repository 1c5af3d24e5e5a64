"""How somebody waits for entries of streams: on a connection of one's own, or with many others on one.

A blocking XREAD names the streams, so one that is under way cannot take up another. Who waits for many portfolios
therefore waits on a connection of its own first, where nothing is missed, and is taken along by a lane once nothing has
come for a while: a lane reads the streams of many who are quiet with one command, again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Protocol

import redis.asyncio as redis
from redis.exceptions import RedisError

from strategic_memory_server.redis_access.round_trip import Entry, arrived_after
from strategic_memory_server.waiting.running_tasks import cancel

IN_A_LANE = 64
"""Most who wait in one lane: one entry costs another XREAD of the streams of all of them."""

LANE_BLOCK_MS = 1_000
OWN_BLOCK_MS = 500
QUIET_S = 1.0
"""Who has waited for so long, seconds, is taken along."""

MOST_ON_THEIR_OWN = 256
"""Connections at once of those who wait on one of their own; one more is taken along, and may be told a second late."""

Arrived = dict[str, list[Entry]]


class StreamReads(Protocol):
    """Waits for entries on behalf of one reader."""

    async def arrived(self, cursors: Mapping[str, str], *, block_ms: int) -> Arrived:
        """Wait for entries that came after a cursor each, and give them by key; none: none came in time.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        ...

    def interrupt(self) -> None:
        """Let a wait that may be long end, and every further one."""
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

    async def arrived(self, cursors: Mapping[str, str], *, block_ms: int) -> Arrived:
        """Wait, as `StreamReads` says."""
        return await arrived_after(self._client, cursors, block_ms=block_ms, count=self._count)

    def interrupt(self) -> None:
        """Do nothing: nobody asks for a long wait here."""


class SharedReads:
    """Waits with others. Made by `Lanes`.

    What is waited for stays so between two calls that ask for the same: what comes meanwhile is given by the second.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self.cursors: Mapping[str, str] = {}
        """What is waited for."""
        self.lane: _Lane | None = None
        """Where this waits, or is about to."""
        self.is_covered = False
        """Whether the lane is reading what is waited for."""
        self._since_s = 0.0
        self._found: Arrived = {}
        self._told = asyncio.Event()
        self._is_alone = False
        self._is_interrupted = False

    async def arrived(self, cursors: Mapping[str, str], *, block_ms: int) -> Arrived:
        """Wait, as `StreamReads` says."""
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + block_ms / 1000
        if cursors != self.cursors:
            self.leave()
            self.cursors, self._found, self._since_s = dict(cursors), {}, now_s()
        try:
            while not self._found:
                left_s = until_s - now_s()
                if left_s <= 0 or self._is_interrupted:
                    return {}
                if self.is_covered or (self._lanes.are_many_on_their_own and not self._is_alone):
                    await self._wait_in_lane(left_s)
                else:
                    await self._wait_alone(left_s)
                    if now_s() - self._since_s >= QUIET_S:
                        self._lanes.take_along(self)
        except BaseException:
            self.leave()
            self.cursors = {}
            raise
        self.leave()
        found, self._found, self.cursors = self._found, {}, {}
        return found

    def interrupt(self) -> None:
        """Let the wait end, and every further one."""
        self._is_interrupted = True
        self._told.set()

    def tell(self, found: Arrived) -> None:
        """Be told by the lane, which is left, what has come."""
        self.leave()
        self._found = found
        self._told.set()

    def leave_alone(self) -> None:
        """Be told by the lane that it cannot read: this finds out by itself whether it can."""
        self.leave()
        self._is_alone = True
        self._told.set()

    def leave(self) -> None:
        """Wait in no lane."""
        if self.lane is not None:
            self.lane.members.pop(self, None)
            self.lane.joining.pop(self, None)
            self.lane, self.is_covered = None, False

    async def _wait_in_lane(self, left_s: float) -> None:
        self._told.clear()
        self._lanes.take_along(self)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await self._told.wait()

    async def _wait_alone(self, left_s: float) -> None:
        block_ms = max(min(round(left_s * 1000), OWN_BLOCK_MS), 1)
        # The lane may have found something meanwhile.
        self._found = await self._lanes.read(self.cursors, block_ms) or self._found
        self._is_alone = False


class _Lane:
    """Some who wait, and those who are taken along with the next reading."""

    def __init__(self) -> None:
        self.members: dict[SharedReads, None] = {}
        self.joining: dict[SharedReads, None] = {}


class Lanes:
    """Makes readers that wait together.

    Args:
        client: must bear reads that block for LANE_BLOCK_MS.
        count: most entries of each stream; None: all.
    """

    def __init__(self, client: redis.Redis, count: int | None = None) -> None:
        self._client = client
        self._count = count
        self._tasks: dict[_Lane, asyncio.Task[None]] = {}
        self._on_their_own = 0

    @property
    def are_many_on_their_own(self) -> bool:
        """Whether no further one may wait on a connection of its own."""
        return self._on_their_own >= MOST_ON_THEIR_OWN

    def reads(self) -> SharedReads:
        """Make one that waits with the others."""
        return SharedReads(self)

    async def read(self, cursors: Mapping[str, str], block_ms: int) -> Arrived:
        """Wait for one on a connection of its own; errors as of `StreamReads`."""
        self._on_their_own += 1
        try:
            return await arrived_after(self._client, cursors, block_ms=block_ms, count=self._count)
        finally:
            self._on_their_own -= 1

    def take_along(self, reads: SharedReads) -> None:
        """Let one wait in a lane, from its next reading on."""
        if reads.lane is not None:
            return
        lane = next((each for each in self._tasks if len(each.members) + len(each.joining) < IN_A_LANE), None)
        if lane is None:
            lane = _Lane()
            self._tasks[lane] = asyncio.create_task(self._run(lane), name="stream-lane")
        lane.joining[reads], reads.lane = None, lane

    async def close(self) -> None:
        """End all lanes."""
        for task in list(self._tasks.values()):
            await cancel(task)

    async def _run(self, lane: _Lane) -> None:
        """Read for as long as there is a member."""
        try:
            while lane.members or lane.joining:
                for reads in lane.joining:
                    lane.members[reads], reads.is_covered = None, True
                lane.joining.clear()
                await self._read_once(lane)
        finally:
            del self._tasks[lane]
            for reads in [*lane.members, *lane.joining]:
                reads.leave_alone()

    async def _read_once(self, lane: _Lane) -> None:
        asked = {reads: reads.cursors for reads in lane.members}
        cursors = {key: cursor for each in asked.values() for key, cursor in each.items()}
        try:
            found = await arrived_after(self._client, cursors, block_ms=LANE_BLOCK_MS, count=self._count)
        except (RedisError, OSError):
            # One key that cannot be read fails the reading of all.
            for reads in asked:
                if reads.lane is lane:
                    reads.leave_alone()
            return
        if found:
            for reads, before in asked.items():
                theirs = {key: found[key] for key in before if key in found}
                if theirs and reads.lane is lane and reads.cursors is before:
                    reads.tell(theirs)
