"""REDIS_URL: what is taken, what is refused, and that no part of a password is ever shown."""

from __future__ import annotations

from typing import Any

import pytest
import redis.asyncio as redis
from each_case import each_case

from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.redis_access.redis_connection import as_user, connect, shown_url
from strategic_memory_server.redis_access.redis_location import Deployment, RedisLocation, RedisUrlError, read_location
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.redis_access.tls_options import TlsOptions

HIDDEN = "s3cret"
WORD = "pa/ss#"


@each_case(
    ("url", "shown"),
    [
        ("redis://localhost", "redis://localhost:6379"),
        ("redis://:s3cret@localhost:6380/2", "redis://localhost:6380/2"),
        ("redis://user:s3cret@[::1]:6380/", "redis://[::1]:6380/"),
        ("redis://:s3cret%2F%23%3F@localhost/0?client_name=x", "redis://localhost:6379/0"),
        ("redis://localhost/3?db=3&db=3&password=s3cret", "redis://localhost:6379/3"),
        ("rediss://localhost/0?ssl_cert_reqs=none", "rediss://localhost:6379/0"),
        ("unix:///run/redis.sock?db=1&password=s3cret", "unix:///run/redis.sock"),
        ("redis+sentinel://u:s3cret@one:1,two/name", "redis+sentinel://one:1,two:26379/name"),
        ("rediss+sentinel://:s3cret@[::1]:1,[::2]:2/name/3", "rediss+sentinel://[::1]:1,[::2]:2/name/3"),
        ("redis+cluster://u:s3cret@one:1,two", "redis+cluster://one:1,two:6379"),
        ("rediss+cluster://one/0?password=s3cret&ssl_cert_reqs=none", "rediss+cluster://one:6379/0"),
    ],
)
async def test_urls_that_can_be_used(url: str, shown: str) -> None:
    settings = read_environment({"redis_url": url, "key_prefix": "{a}"}).service_settings().redis
    assert shown_url(settings.url) == shown
    assert HIDDEN not in repr(settings)
    assert HIDDEN not in repr(read_location(url))
    client = connect(settings)
    assert HIDDEN not in repr(client)
    pool: Any = client.connection_pool
    connection = pool.make_connection()
    assert isinstance(connection, redis.Connection | redis.UnixDomainSocketConnection)
    await client.aclose()


@each_case(
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
        "redis://localhost/0?db=3",
        "redis://localhost?db=1&db=2",
        "redis://s3cret@localhost?username=other",
        "redis://:other@localhost?password=s3cret",
        "redis+sentinel://localhost/name/1?db=2",
        "rediss://localhost/0?ssl_cert_reqs=required&ssl_cert_reqs=none",
        "redis://localhost/0?s3cret=1",
        "redis://localhost/0?protocol=3",
        "redis://localhost/0?decode_responses=true",
        "redis://localhost/0?socket_timeout=60",
        "redis://localhost/0?ssl_cert_reqs=none",
        "rediss://localhost/0?ssl_cert_reqs=s3cret",
        "rediss://localhost/0?ssl_check_hostname=s3cret",
        "redis://localhost:0/0",
        "redis://localhost:6379,other:6379/0",
        "redis+sentinel://localhost",
        "redis+sentinel://localhost/",
        "redis+sentinel://localhost/name/zero",
        "redis+sentinel://localhost/name/0/more",
        "redis+sentinel://localhost,/name",
        "redis+sentinel:///name",
        "redis+sentinel://user:123/s3cret@localhost/name",
        "redis+sentinel://user:s3cret@localhost:port/name",
        "redis+sentinel://localhost/name?ssl_ca_certs=x",
        "redis+cluster://localhost/name",
        "redis+cluster://localhost:1,other:99999",
        "redis+cluster://:s3#cret@localhost",
        "unix+sentinel:///run/localhost",
        "unix://",
        "redis+other://localhost",
        "+redis://localhost",
    ],
)
def test_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_environment({"redis_url": url})
    assert str(refused.value).startswith("--redis-url: ")
    assert HIDDEN not in str(refused.value)
    assert "localhost" not in str(refused.value)


def test_every_part_of_a_url_is_read() -> None:
    url = (
        "rediss+sentinel://me:pa%2Fss%23@one:1,[::2]:2,three/name/4?client_name=x&ssl_check_hostname=no&ssl_ca_path=/ca"
    )
    assert read_location(url) == RedisLocation(
        Deployment.SENTINEL,
        (("one", 1), ("::2", 2), ("three", 26379)),
        service_name="name",
        database=4,
        username="me",
        password=WORD,
        client_name="x",
        tls=TlsOptions(ca_folder="/ca", check_hostname=False),
    )
    assert read_location("unix://me:pa%2Fss%23@/run/redis.sock?db=2") == RedisLocation(
        Deployment.SINGLE, (), socket="/run/redis.sock", database=2, username="me", password=WORD
    )


def test_what_a_url_says_twice_is_named() -> None:
    with pytest.raises(RedisUrlError, match="the option db and what stands before the \\? for it differ"):
        read_location("redis://localhost/0?db=3")
    with pytest.raises(RedisUrlError, match="the option db is there twice and differs"):
        read_location("redis://localhost?db=1&db=2")
    assert read_location("redis://me@localhost/2?username=me&password=pa%2Fss%23") == RedisLocation(
        Deployment.SINGLE, (("localhost", 6379),), database=2, username="me", password=WORD
    )


def test_another_user_takes_the_place_of_the_one_in_the_options() -> None:
    settings = RedisSettings("redis://localhost/2?username=me&password=x&client_name=y")
    location = read_location(as_user(settings, "admin", "/password").url)
    assert (location.username, location.password, location.client_name) == ("admin", None, "y")
    assert location.database == 2


def test_a_url_that_cannot_be_read_is_not_shown() -> None:
    assert HIDDEN not in shown_url(f"redis://:{HIDDEN}@localhost:port")
