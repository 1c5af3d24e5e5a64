"""ReadingPace: how much is asked of Redis at once, so that what is asked for arrives in the time that there is.

A page has a fixed length on a fast link. Where an answer does not come in time, half as much is asked for next, down to
one entry, and twice as much once an answer has come quickly: the first reading over a slow link takes long, and ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import redis.asyncio as redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from strategic_memory_server.redis_access.round_trip import Reply, packed, round_trip

_SHORT = packed("TIME")

SMALLEST_SHARE = 2.0**-14
LONGEST_PATIENCE = 16.0
"""How many times longer than usual something is waited for that cannot be asked for in parts."""

QUICK_S = 0.5
"""An answer that takes no longer shows that there is room for more."""

TRIES_WHILE_ALIVE = 3
"""How often something is asked for, less each time, of a Redis that has just answered something else."""


class ReadingPace:
    """One for entries of one kind, since what is small arrives in time however slow the link is.

    Args:
        clock_s: a clock that nobody sets, seconds.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._share = 1.0
        self._held_back = False

    @property
    def is_full(self) -> bool:
        """Whether whole pages are asked for."""
        return self._share == 1.0

    def entries(self, most: int) -> int:
        """Return how many entries to ask for where so many are a full page; at least one."""
        now = most if self._share == 1.0 else max(1, int(most * self._share))
        self._held_back = self._held_back or now < most
        return now

    async def read(
        self, client: redis.Redis, ask: Callable[[], Sequence[bytes]], *, is_alive: bool = False
    ) -> list[Reply]:
        """Send commands and give their replies, as `round_trip` does.

        Args:
            client: how Redis is reached.
            ask: gives the commands, for as many entries as `entries` says; called again for less.
            is_alive: whether Redis has just answered something else: what does not come in time is too much then.

        Raises:
            redis.exceptions.RedisError, OSError: as for `round_trip`.
        """
        tries = TRIES_WHILE_ALIVE if is_alive else 1
        while True:
            started_s, self._held_back = self._clock_s(), False
            try:
                if self._share == 1.0:
                    return await round_trip(client, ask())
                # The short answer shows that Redis is there, so that the long ones are worth waiting for.
                patience = min(1 / self._share, LONGEST_PATIENCE)
                _, *replies = await round_trip(client, [_SHORT, *ask()], patience)
            except RedisTimeoutError:
                self._share = max(self._share / 2, SMALLEST_SHARE)
                tries -= 1
                if not tries:
                    raise
            else:
                if self._held_back and self._clock_s() - started_s <= QUICK_S:
                    self._share = min(self._share * 2, 1.0)
                return replies
