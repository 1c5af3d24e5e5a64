"""The connection of a writer: one, so that entries keep their order, made with redis-py's own retries off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig
from redis.typing import EncodableT, FieldT

from strategic_memory_producer.entry import Entry
from strategic_memory_producer.writer_settings import WriterSettings

OUT_OF_REACH = (RedisError, OSError)
"""What redis-py raises when a connection cannot be made or breaks, or where no Redis or no such database is."""


def pool_options(settings: WriterSettings) -> dict[str, Any]:
    """Return the options of a pool of one connection."""
    timeout_s = settings.timeout_s
    return {
        "max_connections": 1,
        "timeout": timeout_s,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        # With them on, redis-py 8.1 hands out a connection that Redis has closed without a look at it.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        # A retry of redis-py sends again what may have been taken.
        "retry": None,
    }


def fields_of(entry: Entry) -> dict[FieldT, EncodableT]:
    """Return the fields of an entry as redis-py takes them."""
    return dict(entry.fields.items())


@contextmanager
def read_url(redis_url: object) -> Iterator[None]:
    """Name the argument in the error for a URL that cannot be read."""
    try:
        if not isinstance(redis_url, str):
            raise ValueError(f"{redis_url!r:.60} is no text")
        yield
    except ValueError as error:
        raise ValueError(f"redis_url: {error}; give redis://[user:password@]host:port/0, rediss:// for TLS") from None
