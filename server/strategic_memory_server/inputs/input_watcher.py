"""InputWatcher: waits until a stream has an entry that the last load has not read, on a connection of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError, ResponseError

from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.faults.told_failures import ToldFailures
from strategic_memory_server.inputs.page_reader import Page
from strategic_memory_server.inputs.resting_streams import AskedAhead
from strategic_memory_server.redis_access.own_reads import OwnReads, StreamReads
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.redis_access.stream_reads import SharedReads

LONGEST_BLOCK_S = 0.5
"""Longest single wait, seconds: so long it can take until somebody who wants to stop is heard."""

ENTRIES = 10
"""Most entries of a stream that are taken over at once; where there are more, all are read."""

NOTHING_ELSE: Mapping[str, str] = MappingProxyType({})

logger = structlog.get_logger(__name__)


class InputWatcher:
    """Watches the three input streams under one key prefix, and whether another program writes to the feedback log.

    Args:
        client: must bear reads that block for LONGEST_BLOCK_S.
        prefix: key prefix.
        shared: waits in its place together with others, for as long as is asked; None: the client waits.
        ask: gives what Redis is to tell as soon as something has come; None: nothing.
    """

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        shared: SharedReads | None = None,
        ask: Callable[[], AskedAhead] | None = None,
    ) -> None:
        self._reads: StreamReads = shared or OwnReads(client, ENTRIES)
        self._longest_s = LONGEST_BLOCK_S if shared is None else math.inf
        self._prefix = prefix
        self._ask = ask
        self._told = ToldFailures()
        self.arrived: Mapping[str, Page] = {}
        """The first entries that the last wait has found of each source that has some."""
        self.ahead: AskedAhead | None = None
        """What Redis told when the last wait was over."""
        self.moved: Collection[str] = ()
        """Keys of further streams that the last wait has found an entry in."""

    async def wait(
        self, read_up_to: Mapping[str, str], timeout_s: float, heads: Mapping[str, str] = NOTHING_ELSE
    ) -> bool | None:
        """Wait for an entry beyond what was read: True when there is one, False when none came in time.

        None, at once: the streams cannot be watched as they are now.

        Args:
            read_up_to: id of the newest entry that was read, by source; a source that is missing is not watched.
            timeout_s: longest wait, seconds; on a connection of its own at most LONGEST_BLOCK_S counts.
            heads: id of the newest entry of further streams, by key; what comes after it ends the wait too.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached.
        """
        if not read_up_to:
            return None
        block_ms = max(round(min(timeout_s, self._longest_s) * 1000), 1)
        cursors = {keys.key_of(self._prefix, source): entry_id for source, entry_id in read_up_to.items()}
        cursors |= heads
        self.ahead = None if self._ask is None else self._ask()
        try:
            arrived = await self._reads.arrived(cursors, block_ms=block_ms, behind=self.ahead)
        except (RedisError, OSError) as error:
            self._report(describe_failure(error))
            if isinstance(error, ResponseError):
                # A key has changed its type, or may not be read: the next sync tells which, and leaves it out then.
                return None
            raise
        self._told.are_over()
        self.arrived = {
            source: entries for source in read_up_to if (entries := arrived.get(keys.key_of(self._prefix, source)))
        }
        self.moved = [key for key in heads if key in arrived]
        return bool(arrived)

    def interrupt(self) -> None:
        """Let the wait end: somebody wants to stop."""
        self._reads.interrupt()

    def interrupt_once(self) -> None:
        """Let the wait end, or where nobody waits the next one: there is something else to look at."""
        self._reads.interrupt_once()

    def _report(self, failure: str) -> None:
        if self._told.is_news(failure):
            logger.warning("Inputs cannot be watched; they are read at the interval", error=failure)
