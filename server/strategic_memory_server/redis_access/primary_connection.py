"""Connections to the server that takes writes. One that turns out to be demoted is left, and the next one is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from redis.asyncio.connection import Connection, UnixDomainSocketConnection
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from strategic_memory_server.redis_access.primary_finder import PrimaryFinder
from strategic_memory_server.redis_access.prompt_writes import PromptWrites
from strategic_memory_server.redis_access.quiet_login import QuietLogin
from strategic_memory_server.redis_access.redis_location import Address
from strategic_memory_server.redis_access.tls_options import TlsOptions

_REPLICA = "is a replica now and takes no writes"

_BY_TLS_ALONE = "It has answered nothing: where it takes TLS alone, REDIS_URL has to begin with rediss"
_ENDED = "Error while reading", "Connection closed"
"""How the library begins to say that a connection has ended; other errors of its kind are answers."""


class NotPrimaryError(RedisConnectionError):
    """A server is there and is not the one to write to; the text says why."""


class PrimaryConnection(PromptWrites, QuietLogin, Connection):
    """A TCP connection to one server, or to the one that takes writes, found anew each time it is opened.

    Args:
        finder: finds the server for each connection anew; None for always the same.
        tls: how TLS is done, its files read for each connection anew; None for plain text.
        options: those of the library's connection.
    """

    def __init__(
        self, *, finder: PrimaryFinder | None = None, tls: TlsOptions | None = None, **options: object
    ) -> None:
        super().__init__(**cast("dict[str, Any]", options))
        self._finder = finder
        self._tls = tls
        self._has_answered = False

    async def _connect(self) -> None:
        connect: Callable[[], Awaitable[None]] = super()._connect
        self._has_answered = False
        if self._finder is None:
            await connect()
            return
        self.host, self.port = await self._finder.find()
        try:
            await connect()
        except OSError:
            # TimeoutError is one. Whoever named this server does not know yet that it has gone.
            self._finder.mistaken()
            raise

    def _connection_arguments(self) -> dict[str, Any]:
        arguments = {"host": self.host, "port": self.port}
        return arguments if self._tls is None else {**arguments, "ssl": self._tls.context()}

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in, and make sure that it is the master."""
        await super().on_connect_check_health(check_health=check_health)
        if self._finder is None or not self._finder.checks_role:
            return
        await self.send_command("ROLE", check_health=False)
        role = cast("list[bytes]", await self.read_response())[0]
        if role != b"master":
            self._finder.mistaken()
            raise NotPrimaryError(f"{self.host}:{self.port} is no master (any more): it says {role.decode()}")

    async def read_response(self, *arguments: object, **options: object) -> object:
        """Read one answer.

        Raises:
            NotPrimaryError: the server takes no writes; this connection is closed.
        """
        read: Callable[..., Awaitable[object]] = super().read_response
        try:
            reply = await read(*arguments, **options)
            self._has_answered = True
            return reply
        except RedisConnectionError as error:
            if self._tls or self._has_answered or not str(error).startswith(_ENDED):
                raise
            raise RedisConnectionError(f"{str(error).rstrip('.')}. {_BY_TLS_ALONE}") from error
        except ResponseError as error:
            if (why := _why_not_primary(error)) is None:
                raise
            if self._finder is not None:
                self._finder.mistaken(_hint(error))
            elif isinstance(error, MovedError):
                why = "is a node of a cluster: REDIS_URL must begin with redis+cluster:// or rediss+cluster://"
            elif why == _REPLICA:
                why += ": REDIS_URL has to lead to the primary"
            # Closed in any case: a pipeline ends here, and the rest of its answers must not be taken for others.
            await self.disconnect(nowait=True)
            raise NotPrimaryError(f"{self.host}:{self.port} {why}") from error


class SocketConnection(PromptWrites, QuietLogin, UnixDomainSocketConnection):
    """A connection through a unix socket."""

    async def read_response(self, *arguments: object, **options: object) -> object:
        """Read one answer, as `PrimaryConnection` does."""
        read: Callable[..., Awaitable[object]] = super().read_response
        try:
            return await read(*arguments, **options)
        except ResponseError as error:
            if (why := _why_not_primary(error)) is None:
                raise
            await self.disconnect(nowait=True)
            raise NotPrimaryError(f"{self.path} {why}") from error


def _why_not_primary(error: ResponseError) -> str | None:
    """Say why an answer shows that this server takes no writes; None when it does not show that."""
    # Up to 6.2, a script's error does not begin with that of the command in it.
    if isinstance(error, ReadOnlyError) or "-READONLY " in str(error):
        return _REPLICA
    if isinstance(error, MovedError):
        return "has passed the keys on to another node of the cluster"
    if isinstance(error, AskError | TryAgainError):
        return "is passing the keys on to another node of the cluster just now"
    if isinstance(error, ClusterDownError):
        return f"cannot be used now: {error}"
    if "SELECT is not allowed in cluster mode" in str(error):
        return (
            "is a cluster that has database 0 only: leave the number out of REDIS_URL "
            "(numbered databases in a cluster need Valkey 9 and its setting cluster-databases)"
        )
    if str(error).startswith("UNBLOCKED "):
        return "has changed its role"
    return None


def _hint(error: ResponseError) -> Address | None:
    return (error.host, error.port) if isinstance(error, MovedError) and error.host else None
