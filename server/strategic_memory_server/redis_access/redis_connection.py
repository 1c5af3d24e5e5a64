"""Redis clients: one for commands, one for blocking reads, and how to name a server without its password.

Every client is an ordinary one of a single server. With sentinels or a cluster, that server is found anew for each
connection: all keys of the service are in one slot, so one node of a cluster has them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, InvalidResponse
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig

from strategic_memory_server.redis_access.lean_pool import LeanPool
from strategic_memory_server.redis_access.password_file import PasswordFile
from strategic_memory_server.redis_access.primary_connection import PrimaryConnection, SocketConnection
from strategic_memory_server.redis_access.primary_finder import ClusterFinder, PrimaryFinder, SentinelFinder
from strategic_memory_server.redis_access.redis_location import (
    Address,
    Deployment,
    RedisLocation,
    RedisUrlError,
    read_location,
    shown_location,
)
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.redis_access.tls_options import TlsOptions

_Options = dict[str, Any]


MOST_CONNECTIONS = 64
"""Of a client that does not wait for entries: each is needed for a moment."""


def connect(settings: RedisSettings, *, longest_block_s: float = 0.0, most: int = MOST_CONNECTIONS) -> redis.Redis:
    """Make a client; nothing is connected yet.

    The service retries at its own pace and reports each failure, so the client's own silent retries are off.

    Args:
        settings: where Redis is.
        longest_block_s: longest time that a read of this client blocks on purpose, seconds.
        most: connections at once; whoever wants one more waits.
    """
    location = read_location(settings.url)
    options = {
        **_connection_options(settings),
        **_login(location.username, location.password, settings.password_file),
        "client_name": location.client_name,
        "most": most,
        "db": location.database,
    }
    options["socket_timeout"] += longest_block_s
    if location.socket is not None:
        return _client({**options, "connection_class": SocketConnection, "path": location.socket})
    options["tls"] = tls = tls_options(settings, location)
    if location.deployment is Deployment.SINGLE:
        host, port = location.addresses[0]
        return _client({**options, "host": host, "port": port})
    return _client({**options, "finder": _finder(settings, location, tls)})


async def connect_to_primaries(settings: RedisSettings) -> list[redis.Redis]:
    """Make a client of each server that takes writes: of a cluster every node that owns slots, otherwise the one.

    Raises:
        redis.exceptions.ConnectionError: nobody who can be reached knows them.
    """
    location = read_location(settings.url)
    if location.deployment is not Deployment.CLUSTER:
        return [connect(settings)]
    login = _login(location.username, location.password, settings.password_file)
    options = {**_connection_options(settings), "tls": tls_options(settings, location), **login}
    finder = ClusterFinder(_asking(options), location.addresses, settings.key_prefix)
    return [_asking(options)(address) for address in await finder.primaries()]


def as_user(settings: RedisSettings, name: str, password_file: str) -> RedisSettings:
    """Return settings that reach the same Redis as another user."""
    parts = urlsplit(settings.url)
    netloc = f"{quote(name, safe='')}@{parts.netloc.rpartition('@')[2]}"
    others = [(option, value) for option, value in parse_qsl(parts.query) if option not in ("username", "password")]
    url = urlunsplit(parts._replace(netloc=netloc, query=urlencode(others)))
    return replace(settings, url=url, password_file=password_file)


def tls_options(settings: RedisSettings, location: RedisLocation) -> TlsOptions | None:
    """Return how TLS is done, from the URL and the settings beside it; None for plain text."""
    if location.tls is None:
        return None
    return replace(
        location.tls,
        ca_file=settings.ca_file or location.tls.ca_file,
        certificate_file=settings.certificate_file or location.tls.certificate_file,
        key_file=settings.key_file or location.tls.key_file,
    )


_HOW_TO_LOG_IN = (
    "Give its password in REDIS_URL (redis://:PASSWORD@HOST:PORT/0) or in a file "
    "(STRATEGIC_MEMORY_REDIS_PASSWORD_FILE); that of `serve --embedded-redis FOLDER` is in FOLDER/redis.env."
)


_WITHOUT_TLS = "A server without TLS answers nothing to rediss://"


_NO_REDIS = (
    "What answers there is no Redis: look at host and port in REDIS_URL. Where it takes TLS alone, REDIS_URL has to "
    "begin with rediss"
)


_WAY_BACK = "start Redis, or give REDIS_URL where it is; `serve --embedded-redis` brings one of its own"


_ADDRESS = r"\[Errno \d+\] Connect call failed \([^)]*\)"
_ADDRESSES = re.compile(rf"(?<=Multiple exceptions: ){_ADDRESS}(?:, {_ADDRESS})+")


def _in_one_order(addresses: re.Match[str]) -> str:
    """DNS gives the addresses of a name in another order each time; the same failure is in the log once."""
    return ", ".join(sorted(re.findall(_ADDRESS, addresses[0])))


def describe_failure(error: Exception) -> str:
    """Say in one line why Redis could not be used, and what to do where that is sure."""
    told = f"{type(error).__name__}: {error}".splitlines()[0] if str(error) else type(error).__name__
    told = _ADDRESSES.sub(_in_one_order, told)
    if isinstance(error, RedisTimeoutError):
        what, more = ("CONNECT", f". {_WITHOUT_TLS}") if "connecting" in told else ("COMMAND", "")
        return f"{told}; STRATEGIC_MEMORY_REDIS_{what}_TIMEOUT says how long is waited{more}"
    if isinstance(error, InvalidResponse):
        return f"{told}. {_NO_REDIS}"
    return f"{told} {_HOW_TO_LOG_IN}" if isinstance(error, AuthenticationError) else told


def way_back(error: Exception) -> str | None:
    """Say what to do where Redis is out of reach; None for another failure."""
    # Its kinds, a wrong password among them, say themselves what is wrong, and so does a Redis with too many clients.
    is_away = type(error) is RedisConnectionError and not str(error).startswith("max number of clients")
    return _WAY_BACK if is_away or isinstance(error, OSError) else None


def failure_at(url: str, error: Exception) -> str:
    """Say in one line why the Redis at a URL could not be used, and what to do where that is known."""
    return "; ".join(
        filter(None, (f"Redis at {shown_url(url)}: {describe_failure(error)}".rstrip("."), way_back(error)))
    )


def shown_url(url: str) -> str:
    """Return a Redis URL without user, password and query, for logs and messages."""
    try:
        return shown_location(url)
    except RedisUrlError:
        return "a URL that cannot be read"


def _finder(settings: RedisSettings, location: RedisLocation, tls: TlsOptions | None) -> PrimaryFinder:
    common = {**_connection_options(settings), "tls": tls}
    if location.deployment is Deployment.CLUSTER:
        common |= _login(location.username, location.password, settings.password_file)
        return ClusterFinder(_asking(common), location.addresses, settings.key_prefix)
    common |= _login(settings.sentinel_username, settings.sentinel_password, settings.sentinel_password_file)
    return SentinelFinder(_asking(common), location.addresses, location.service_name)


def _asking(options: _Options) -> Callable[[Address], redis.Redis]:
    return lambda address: _client({**options, "host": address[0], "port": address[1]})


def _connection_options(settings: RedisSettings) -> _Options:
    return {
        "connection_class": PrimaryConnection,
        "socket_connect_timeout": settings.connect_timeout_s,
        "socket_timeout": settings.command_timeout_s,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        # Naming the library at each connection would need a permission, which servers up to 7.0 do not know.
        "driver_info": None,
    }


def _login(username: str | None, password: str | None, password_file: str | None) -> _Options:
    if password_file is not None:
        return {"credential_provider": PasswordFile(password_file, username)}
    return {"username": username, "password": password}


def _client(options: _Options) -> redis.Redis:
    # While maintenance notifications are on, a pooled connection with unread data goes unnoticed.
    pool = LeanPool(maint_notifications_config=MaintNotificationsConfig(enabled=False), **options)
    return redis.Redis.from_pool(pool)
