"""PromptWrites: a connection that writes a command at once, in the task that sends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError


class PromptWrites(AbstractConnection):
    """Goes before one of the library's connections.

    The library writes each command under `asyncio.wait_for`. Up to CPython 3.11 that starts a task, so the command goes
    out two turns of the event loop later, and it loses a cancellation that arrives as the write completes. Goes 2027-10
    with CPython 3.11.
    """

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """Write a command, or several.

        Raises:
            redis.exceptions.RedisError, OSError: it could not be written in time.
        """
        send: Callable[[bytes | str | Iterable[bytes], bool], Awaitable[None]] = super().send_packed_command
        writer = self._writer
        if writer is not None and writer.is_closing():
            # asyncio takes what is written to a connection that has ended, and then tells; uvloop refuses it by an
            # error that the library does not know.
            await self.disconnect(nowait=True)
            raise RedisConnectionError("Error while writing to socket. The connection has ended.")
        timeout_s = self.socket_timeout
        if not timeout_s or writer is None or not self.is_connected:
            await send(command, check_health)
            return
        # Without a timeout of its own the library writes without `wait_for`.
        self.socket_timeout = None
        try:
            async with asyncio.timeout(timeout_s):
                await send(command, check_health)
        except TimeoutError:
            # One that is merely closed goes on writing: what was given up is not to be done later.
            writer.transport.abort()
            raise RedisTimeoutError("Timeout writing to socket") from None
        finally:
            self.socket_timeout = timeout_s
