"""How somebody waits for entries of streams with many others on one connection.

A blocking XREAD names the streams, so one that is under way cannot take up another. Who waits for many portfolios
therefore waits on a connection of its own first, where nothing is missed, and is taken along by a lane once nothing has
come for a while: a lane reads the streams of many who are quiet with one command, again and again. To one for whom
something comes seldom the lane reads on: what it has told is read already.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping, Sequence

import redis.asyncio as redis
from redis.exceptions import RedisError

from strategic_memory_server.redis_access.own_reads import Arrived, Behind
from strategic_memory_server.redis_access.round_trip import arrived_after, arrived_by, packed_parts
from strategic_memory_server.waiting.running_tasks import cancel

IN_A_LANE = 64
"""Most who wait in one lane: one entry costs another XREAD of the streams of all of them."""

LANE_BLOCK_MS = 1_000
OWN_BLOCK_MS = 500
QUIET_S = 1.0
"""Who has waited for so long, seconds, is taken along."""

SELDOM_S = 10.0
"""Who was told nothing for so long, seconds, and is told something then, stays in its lane."""

MOST_ON_THEIR_OWN = 256
"""Connections at once of those who wait on one of their own; one more is taken along, and may be told a second late."""


class SharedReads:
    """Waits with others. Made by `Lanes`.

    What is waited for stays so between two calls that ask for the same: what comes meanwhile is given by the second.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self.cursors: Mapping[str, str] = {}
        """What is waited for."""
        self.asked = b"", b""
        """The same as parts of a command: the keys, and the ids."""
        self.lane: _Lane | None = None
        """Where this waits, or is about to."""
        self.is_covered = False
        """Whether the lane is reading what is waited for."""
        self.is_waiting = False
        """Whether somebody waits just now."""
        self.told_s = -math.inf
        """When this was last told something by a lane."""
        self._since_s = 0.0
        self._found: Arrived = {}
        self._told = asyncio.Event()
        self._is_alone = False
        self._is_interrupted = False
        self._is_interrupted_once = False

    async def arrived(self, cursors: Mapping[str, str], *, block_ms: int, behind: Behind | None = None) -> Arrived:
        """Wait, as `StreamReads` says."""
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + block_ms / 1000
        if cursors != self.cursors:
            self.leave()
            self._found, self._since_s = {}, now_s()
            self._wait_for(cursors)
        self.is_waiting = True
        try:
            while not self._found:
                left_s = until_s - now_s()
                if left_s <= 0 or self._is_interrupted or self._is_interrupted_once:
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
        finally:
            self.is_waiting = self._is_interrupted_once = False
        found, self._found = self._found, {}
        if not self.is_covered:
            self.leave()
            self.cursors = {}
        return found

    def interrupt(self) -> None:
        """Let the wait end, and every further one; no lane reads on."""
        self._is_interrupted = True
        self.leave()
        self._told.set()

    def interrupt_once(self) -> None:
        """Let the wait end, or where nobody waits the next one; a lane reads on."""
        self._is_interrupted_once = True
        self._told.set()

    def tell(self, found: Arrived, now_s: float) -> None:
        """Be told by the lane what has come. Where that is seldom, the lane reads on from there; else it is left."""
        if self.is_waiting and now_s - self.told_s >= SELDOM_S:
            self._wait_for({**self.cursors, **{key: entries[-1][0].decode() for key, entries in found.items()}})
        else:
            self.leave()
        # What comes before the first of it was taken is read again, from there on.
        self.told_s, self._found = now_s, self._found or found
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

    def _wait_for(self, cursors: Mapping[str, str]) -> None:
        self.cursors, self.asked = dict(cursors), (packed_parts(*cursors), packed_parts(*cursors.values()))

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
        now_s = asyncio.get_running_loop().time
        asked = {reads: reads.cursors for reads in lane.members}
        try:
            found = await arrived_by(self._client, self._command(list(asked)))
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
                    reads.tell(theirs, now_s())

    def _command(self, asked: Sequence[SharedReads]) -> bytes:
        """Write the XREAD for some; what each waits for is written already."""
        limit = () if self._count is None else ("COUNT", self._count)
        before = ("XREAD", *limit, "BLOCK", LANE_BLOCK_MS, "STREAMS")
        parts = len(before) + 2 * sum(len(reads.cursors) for reads in asked)
        keys, ids = zip(*(reads.asked for reads in asked), strict=True)
        return b"".join((b"*%d\r\n" % parts, packed_parts(*before), *keys, *ids))
