"""The connection of a writer: one, so that entries keep their order, made with redis-py's own retries off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.typing import EncodableT, FieldT

from strategic_memory_producer.entry import Entry
from strategic_memory_producer.writer_settings import WriterSettings

OUT_OF_REACH = (RedisError, OSError)
"""What redis-py raises when a connection cannot be made or breaks, or where no Redis or no such database is."""

_FORMS = (
    "give redis://[user:password@]host:port/0, rediss:// for TLS; in a password, write / as %2F, # as %23 and ? as %3F"
)

_REPEATED = ", with args beginning with"
"""Before the arguments of a command that a server does not know. Of HELLO and AUTH the password is one."""


def pool_options(settings: WriterSettings, retry: type[Retry | AsyncRetry], parser: type[Any]) -> dict[str, Any]:
    """Return the options of a pool of one connection, whose retries and parser are of these kinds."""
    timeout_s = settings.timeout_s
    return {
        "max_connections": 1,
        "timeout": timeout_s,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        # With them on, redis-py 8.1 hands out a connection that Redis has closed without a look at it.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        # A retry of redis-py sends again what may have been taken. Without one, `retry_on_timeout` in a URL makes one.
        "retry": retry(NoBackoff(), 0),
        "parser_class": parser,
    }


def fields_of(entry: Entry) -> dict[FieldT, EncodableT]:
    """Return the fields of an entry as redis-py takes them."""
    return dict(entry.fields.items())


def without_login(error: Exception) -> Exception:
    """Return an error of a connection that could not be made, without what a server repeats of the login."""
    if _REPEATED in str(error):
        error.args = (str(error).partition(_REPEATED)[0],)
    return error


@contextmanager
def read_url(redis_url: object) -> Iterator[None]:
    """Name the argument in the error for a URL that cannot be read; no part of it, which may be its password."""
    if not isinstance(redis_url, str):
        raise ValueError(f"redis_url: {type(redis_url).__name__} is no text; {_FORMS}")
    try:
        # What no look-up of names takes is refused here too: later it would be no error of a connection.
        (urlsplit(redis_url).hostname or "").encode("idna")
        yield
    except ValueError:
        raise ValueError(f"redis_url: it cannot be read; {_FORMS}") from None
