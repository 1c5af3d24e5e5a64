"""REDIS_URL: what is taken, what is refused, and that no part of a password is ever shown."""

from __future__ import annotations

from typing import Any

import pytest
import redis.asyncio as redis

from strategic_memory_server.environment import SettingsError, read_environment
from strategic_memory_server.redis_access.redis_connection import connect, shown_url

HIDDEN = "s3cret"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost", "redis://localhost:6379"),
        ("redis://:s3cret@localhost:6380/2", "redis://localhost:6380/2"),
        ("redis://user:s3cret@[::1]:6380/", "redis://[::1]:6380/"),
        ("redis://:s3cret%2F%23%3F@localhost/0?client_name=x", "redis://localhost:6379/0"),
        ("redis://localhost/0?db=3&password=s3cret", "redis://localhost:6379/0"),
        ("rediss://localhost/0?ssl_cert_reqs=none", "rediss://localhost:6379/0"),
        ("unix:///run/redis.sock?db=1&password=s3cret", "unix:///run/redis.sock"),
    ],
)
async def test_urls_that_can_be_used(url: str, shown: str) -> None:
    settings = read_environment({"redis_url": url}).service_settings().redis
    assert shown_url(settings.url) == shown
    assert HIDDEN not in repr(settings)
    client = connect(settings)
    pool: Any = client.connection_pool
    connection = pool.make_connection()
    assert isinstance(connection, redis.Connection | redis.UnixDomainSocketConnection)
    await client.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "localhost:6379",
        "redis://user:s3cret@localhost:port/0",
        "redis://:s3#cret@localhost/0",
        "redis://user:123/s3cret@localhost/0",
        "redis://user:123?s3cret@localhost/0",
        "redis://user:123#s3cret@localhost/0",
        "redis://localhost/first",
        "redis://localhost/0?db=x",
        "redis://localhost/0?s3cret=1",
        "redis://localhost/0?protocol=3",
        "redis://localhost/0?decode_responses=true",
        "redis://localhost/0?socket_timeout=60",
        "redis://localhost/0?ssl_cert_reqs=none",
    ],
)
def test_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_environment({"redis_url": url})
    assert str(refused.value).startswith("REDIS_URL: ")
    assert HIDDEN not in str(refused.value)
    assert "localhost" not in str(refused.value)
