"""Lender: the long memory of one portfolio as the others of its group read it, once for all of a process."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.redis_access.redis_connection import describe_failure

READ_S = 2.0
"""Least time between two readings, seconds; what was learnt in between comes with the next one."""

KEPT_S = 30.0
"""How long what was read is lent on while Redis cannot be asked, from the first reading that fails on, seconds.

A reading that fails changes no advice: the one before it may be as long ago as the interval of the syncs. Where it is
longer ago than advice holds, as after nobody has asked for a day, it is not lent any more.
"""

_AWAY = (OSError, RedisConnectionError, RedisTimeoutError)


class Lender:
    """Reads one memory.

    Args:
        store: where it lies.
        turns: readings that may be under way at once; leases and syncs are waiting for the same connections.
        holds_s: how long advice holds at most of those who borrow, seconds.
        elapsed_s: a clock that nobody sets, seconds.
    """

    def __init__(
        self,
        store: MemoryStore,
        turns: asyncio.Semaphore,
        holds_s: float,
        elapsed_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._turns = turns
        self._lends_s = max(holds_s, KEPT_S)
        self._elapsed_s = elapsed_s
        self._one_at_a_time = asyncio.Lock()
        self._found: EvidenceSums | str = ""
        self._due_s = -math.inf
        self._read_s = -math.inf
        self._lent_until_s: float | None = None

    async def read(self) -> EvidenceSums | str:
        """Return the sums as they were at most `READ_S` ago, the same object while they are equal; or why not."""
        async with self._one_at_a_time:
            if self._elapsed_s() >= self._due_s:
                async with self._turns:
                    self._take(await self._ask())
                self._due_s = self._elapsed_s() + READ_S
            return self._found

    def _take(self, found: EvidenceSums | Exception) -> None:
        now_s = self._elapsed_s()
        if isinstance(found, EvidenceSums):
            self._read_s, self._lent_until_s = now_s, None
            if found != self._found:
                self._found = found
        elif isinstance(found, ValueError):
            self._found = str(found)
        else:
            if self._lent_until_s is None:
                self._lent_until_s = now_s + KEPT_S if now_s - self._read_s <= self._lends_s else now_s
            if not isinstance(found, _AWAY) or now_s >= self._lent_until_s or isinstance(self._found, str):
                self._found = describe_failure(found)

    async def _ask(self) -> EvidenceSums | Exception:
        try:
            return await self._store.lent()
        except (RedisError, OSError, ValueError) as error:
            return error
