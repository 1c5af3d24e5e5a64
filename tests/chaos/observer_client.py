"""ObserverClient: a Redis client for who looks on, which finds the master anew whenever something goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import redis.asyncio as redis
from history.cancellation import to_its_end
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

Value = TypeVar("Value")

_TIMEOUT_S = 1.0
_ASK_AGAIN_S = 0.3


class ObserverClient:
    """Does one thing after the other on the master.

    Args:
        where: gives the URL of the master; it is called in a thread, and raises RedisError or OSError when nobody
            knows it.
    """

    def __init__(self, where: Callable[[], str]) -> None:
        self._where = where
        self._url = ""
        self._client: redis.Redis | None = None
        self._asked_s = 0.0

    async def do(self, work: Callable[[redis.Redis], Awaitable[Value]]) -> Value:
        """Do something once.

        Raises:
            redis.exceptions.RedisError, OSError: it could not be done, or it is not known whether it was.
        """
        try:
            client = await self._connected()
            return await work(client)
        except (RedisError, OSError):
            await self.close()
            raise

    async def close(self) -> None:
        """Disconnect; the next use connects again."""
        client, self._client = self._client, None
        if client is not None:
            await to_its_end(client.aclose())

    async def _connected(self) -> redis.Redis:
        """Return a client of the master; one that was replaced goes on as if nothing had happened."""
        now_s = asyncio.get_running_loop().time()
        if self._client is None or now_s > self._asked_s + _ASK_AGAIN_S:
            url = await asyncio.to_thread(self._where)
            self._asked_s = now_s
            if url != self._url:
                await self.close()
                self._url = url
        if self._client is None:
            self._client = redis.Redis.from_url(
                self._url,
                socket_timeout=_TIMEOUT_S,
                socket_connect_timeout=_TIMEOUT_S,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                maint_notifications_config=MaintNotificationsConfig(enabled=False),
            )
        return self._client
