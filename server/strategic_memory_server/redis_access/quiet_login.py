"""QuietLogin: a connection whose refused login tells nobody the password."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

_REPEATED = ", with args beginning with"
"""Before the arguments of a command that a server does not know. Of AUTH the password is one."""


class QuietLogin(AbstractConnection):
    """Goes before one of the library's connections."""

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in. Raises as the library, without what a server repeats of the login."""
        log_in: Callable[..., Awaitable[None]] = super().on_connect_check_health
        try:
            await log_in(check_health=check_health)
        except ResponseError as error:
            error.args = (str(error).partition(_REPEATED)[0],)
            raise
