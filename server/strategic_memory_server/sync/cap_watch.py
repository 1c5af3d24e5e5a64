"""CapWatch: reads the caps on leverage where no sync does, so that a server that only serves stays below them too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from strategic_memory_server.inputs.leverage_caps import HeldCaps, cap_commands, read_caps
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.redis_access.shared_trips import Ask
from strategic_memory_server.sync.sync_pace import PUBLISHING_S

logger = structlog.get_logger(__name__)


class CapWatch:
    """Looks at the keys again and again.

    Args:
        ask: sends commands.
        prefix: what the keys begin with.
        caps: takes those that are read from now on.
        looks_s: gives the time between two looks, seconds.
        heed: is told the caps as their keys hold them, how long whoever leads has to publish them, seconds, and False.
    """

    def __init__(
        self,
        ask: Ask,
        prefix: str,
        caps: HeldCaps,
        looks_s: Callable[[], float],
        heed: Callable[[LeverageCaps, float, bool], object],
    ) -> None:
        self._ask = ask
        self._commands = cap_commands(prefix)
        self._caps = caps
        self._looks_s = looks_s
        self._heed = heed
        self.has_looked = False
        """Whether the caps have been read at all."""

    async def run(self) -> None:
        """Look until cancelled. By the first look nobody was told anything yet: it waits for nobody."""
        wait_s = 0.0
        while True:
            await self.look(wait_s)
            await asyncio.sleep(self._looks_s())
            wait_s = self._looks_s() + PUBLISHING_S

    async def look(self, wait_s: float) -> None:
        """Look once. While Redis is away what was read last holds; the tail of the log tells that it is."""
        try:
            self._caps.take(read_caps(await self._ask(self._commands)))
        except (RedisError, OSError) as error:
            logger.debug("Caps not read", error=describe_failure(error))
        else:
            self._heed(self._caps.as_read, wait_s, False)
            self.has_looked = True
