"""LogRecorder: follows the feedback log in Redis, on a connection of its own, through restarts and failovers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import redis.asyncio as redis
from history.cancellation import to_its_end
from history.event_budget import EventBudget
from history.log_reading import START, Following, LogPage, LogReading
from history.observer_clock import ObserverClock
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

Where = str | Callable[[], str]
"""URL of the Redis that holds the log, or a function that finds it out each time; it must be the master."""

_PAGE = 1_000
_RETRY_S = 0.02
_ASK_AGAIN_MS = 500.0
_TIMEOUT_S = 1.0


class LogRecorder:
    """Reads a log until it is cancelled; whatever goes wrong on the way, it connects again.

    Args:
        where: where the log is. A function is called in a thread, and raises RedisError or OSError when nobody knows.
        prefix: what the keys start with, without the colon.
        clock: tells the time of every event.
        budget: bounds what is held.
        block_ms: longest wait for an entry, milliseconds; then what was trimmed is looked at, too.
    """

    def __init__(
        self, where: Where, prefix: str, clock: ObserverClock, budget: EventBudget, block_ms: int = 20
    ) -> None:
        self.reading = LogReading(budget)
        self.completed_ms = 0.0
        """When the last look was asked for that left nothing unread; 0 before the first."""
        self.failures = 0
        """Connections that broke or could not be made."""
        self.failure = ""
        """What went wrong last, in one word; it holds no address."""
        self._where = where
        self._log = f"{prefix}:stream:strategic_feedback"
        self._state = f"{prefix}:feedback:strategic_memory:state"
        self._clock = clock
        self._block_ms = block_ms

    async def run(self) -> None:
        """Follow the log until cancelled.

        Raises:
            HistoryTooLongError: there is no room for what was published.
        """
        while True:
            try:
                url = await self._url()
                client = _client(url, _TIMEOUT_S + self._block_ms / 1_000)
                try:
                    await self._follow(client, url)
                finally:
                    await to_its_end(client.aclose())
            except (RedisError, OSError) as error:
                self.failures += 1
                self.failure = type(error).__name__
            await asyncio.sleep(_RETRY_S)

    async def _url(self) -> str:
        return self._where if isinstance(self._where, str) else await asyncio.to_thread(self._where)

    async def _follow(self, client: redis.Redis, url: str) -> None:
        """Read what comes, until the log is somewhere else."""
        ask_at_ms = self._clock.now_ms() + _ASK_AGAIN_MS
        while True:
            page = await self._page(client)
            if self.reading.take(page) is Following.MORE:
                continue
            self.completed_ms = page.sent_ms
            if page.got_ms > ask_at_ms:
                # A master that was replaced goes on as if nothing had happened until somebody tells it.
                if await self._url() != url:
                    return
                ask_at_ms = page.got_ms + _ASK_AGAIN_MS
            cursor = b"0-0" if self.reading.from_id == START else self.reading.from_id
            await client.xread({self._log: cursor}, count=1, block=self._block_ms)

    async def _page(self, client: redis.Redis) -> LogPage:
        sent_ms = self._clock.now_ms()
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.xrange(self._log, min=self.reading.from_id, count=_PAGE)
            pipeline.xrange(self._log, count=1)
            pipeline.xrevrange(self._log, count=1)
            pipeline.hget(self._state, "epoch")
            replies: list[Any] = await pipeline.execute()
        entries, first, last, epoch = replies
        return LogPage(
            entries=[(entry_id, dict(fields)) for entry_id, fields in entries],
            is_last=len(entries) < _PAGE,
            first_id=first[0][0] if first else None,
            last_id=last[0][0] if last else None,
            epoch=(epoch or b"").decode(),
            sent_ms=sent_ms,
            got_ms=self._clock.now_ms(),
        )


def _client(url: str, timeout_s: float) -> redis.Redis:
    """Make a client that fails at once instead of trying again by itself, and answers in bytes."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=_TIMEOUT_S,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
