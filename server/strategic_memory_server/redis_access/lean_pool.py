"""LeanPool: lends connections again at less cost than the library's pool, which records each loan for its observers.

For each of the few round trips of a sync cycle that takes about as long as Redis needs for the commands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio as redis
from redis.asyncio.connection import AbstractConnection


class LeanPool(redis.ConnectionPool):
    """A pool whose connections have been lent for good as far as the library knows.

    Args:
        options: those of the library's pool.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  they are the library's
        super().__init__(**options)
        self._spare: list[AbstractConnection] = []

    async def get_connection(self, *arguments: object, **options: object) -> AbstractConnection:
        """Lend a connection that is ready to send a command.

        Raises:
            redis.exceptions.RedisError, OSError: none can be made.
        """
        if not self._spare:
            lend: Callable[..., Awaitable[AbstractConnection]] = super().get_connection
            return await lend(*arguments, **options)
        connection = self._spare.pop()
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back."""
        should_reconnect: Callable[[], bool] = connection.should_reconnect
        if should_reconnect():
            await super().release(connection)
        else:
            self._spare.append(connection)
