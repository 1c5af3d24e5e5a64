"""Redis clients: one for commands, one for blocking reads, and how to name a server without its password."""

from __future__ import annotations

from urllib.parse import urlsplit

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from strategic_memory_server.settings import RedisSettings


def connect(settings: RedisSettings, *, longest_block_s: float = 0.0) -> redis.Redis:
    """Make a client; nothing is connected yet.

    The service retries at its own pace and reports each failure, so the client's own silent retries are off.

    Args:
        settings: where Redis is.
        longest_block_s: longest time that a read of this client blocks on purpose, seconds.
    """
    return redis.Redis.from_url(
        settings.url,
        socket_connect_timeout=settings.connect_timeout_s,
        socket_timeout=settings.command_timeout_s + longest_block_s,
        **({} if urlsplit(settings.url).scheme == "unix" else {"socket_keepalive": True}),
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        # While maintenance notifications are on, a pooled connection with unread data goes unnoticed.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


def describe_failure(error: Exception) -> str:
    """Say in one line why Redis could not be used."""
    return f"{type(error).__name__}: {error}".splitlines()[0] if str(error) else type(error).__name__


def shown_url(url: str) -> str:
    """Give a Redis URL without user, password and query, for logs and messages."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "localhost"
    return f"{parts.scheme}://{host}:{parts.port or 6379}{parts.path}"
