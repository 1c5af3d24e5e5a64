"""LeanPool: lends connections again at less cost than the library's pool, which records each loan for its observers.

For each of the few round trips of a sync cycle that takes about as long as Redis needs for the commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio as redis
from redis.asyncio.connection import AbstractConnection, Connection

from strategic_memory_server.redis_access.redis_location import Address


class LeanPool(redis.ConnectionPool):
    """A pool whose connections have been lent for good as far as the library knows.

    Args:
        most: connections at once; whoever wants one more waits for one to be given back.
        options: those of the library's pool.
    """

    def __init__(self, most: int = 64, **options: Any) -> None:  # noqa: ANN401  they are the library's
        # The library refuses one too many; here it is waited for.
        super().__init__(max_connections=most + 1, **options)
        self._spare: list[AbstractConnection] = []
        self._lent: set[AbstractConnection] = set()
        self._turns = asyncio.Semaphore(most)

    @property
    def leads_to(self) -> Address | None:
        """Host and port of the server that the connection which is lent next leads to; None: not known."""
        connection = self._spare[-1] if self._spare else None
        return (connection.host, connection.port) if isinstance(connection, Connection) else None

    async def get_connection(self, *arguments: object, **options: object) -> AbstractConnection:
        """Lend a connection that is ready to send a command.

        Raises:
            redis.exceptions.RedisError, OSError: none can be made.
        """
        await self._turns.acquire()
        try:
            connection = await self._lend(*arguments, **options)
        except BaseException:
            self._turns.release()
            raise
        self._lent.add(connection)
        return connection

    async def _lend(self, *arguments: object, **options: object) -> AbstractConnection:
        if not self._spare:
            lend: Callable[..., Awaitable[AbstractConnection]] = super().get_connection
            return await lend(*arguments, **options)
        connection = self._spare.pop()
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await self._take_back(connection)
            raise
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back."""
        try:
            await self._take_back(connection)
        finally:
            # The library takes back what it could not lend too.
            if connection in self._lent:
                self._lent.remove(connection)
                self._turns.release()

    async def _take_back(self, connection: AbstractConnection) -> None:
        should_reconnect: Callable[[], bool] = connection.should_reconnect
        if should_reconnect():
            await super().release(connection)
        else:
            self._spare.append(connection)


def server_of(client: redis.Redis) -> object:
    """Return what is the same for clients that lead to one server, as far as is known."""
    pool = client.connection_pool
    return (pool.leads_to if isinstance(pool, LeanPool) else None) or client
