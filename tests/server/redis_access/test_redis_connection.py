"""Redis clients of the service, and how a server is named without its secrets."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from itertools import count

import pytest
import redis
from each_case import each_case
from faults.free_ports import free_port
from hypothesis import given
from hypothesis import strategies as st
from patient_redis import patient
from repeatable import repeatable

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.primary_connection import NotPrimaryError
from strategic_memory_server.redis_access.redis_connection import connect, describe_failure, shown_url, way_back
from strategic_memory_server.redis_access.redis_settings import RedisSettings

HIDDEN = "s3cr3t"


@each_case(
    ("url", "shown"),
    [
        ("redis://redis:6379/0", "redis://redis:6379/0"),
        (f"redis://user:{HIDDEN}@host:1234/5", "redis://host:1234/5"),
        (f"redis://:{HIDDEN}@host", "redis://host:6379"),
        (f"rediss://user:{HIDDEN}@[::1]:6380/1", "rediss://[::1]:6380/1"),
        (f"redis://host/0?password={HIDDEN}", "redis://host:6379/0"),
        ("redis://", "redis://localhost:6379"),
        (f"unix://user:{HIDDEN}@/run/redis.sock?db=1&password={HIDDEN}", "unix:///run/redis.sock"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_server_is_named_without_user_password_and_query(url: str, shown: str) -> None:
    assert shown_url(url) == shown


SAFE = st.text("abcdefgABCDEFG0123456789-._~%!$&'()*+,;=", min_size=8, max_size=20)


@given(SAFE, SAFE)
@repeatable(200)
def test_no_password_is_shown(user: str, password: str) -> None:
    assert password not in shown_url(f"redis://{user}:{password}@host:6379/0")
    assert user not in shown_url(f"rediss://{user}:{password}@host/0")


def test_a_failure_is_one_line() -> None:
    assert describe_failure(redis.ConnectionError("first\nsecond")) == "ConnectionError: first"
    assert describe_failure(TimeoutError()) == "TimeoutError"


async def test_a_name_with_several_addresses_fails_in_the_same_words_in_whichever_order_dns_gives_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each retry was another failure in the log, for as long as Redis was away."""
    port, lookups = free_port(), count()

    def resolved(*_: object, **__: object) -> list[tuple[object, ...]]:
        first = next(lookups) % 3
        order = [1, 2, 3][first:] + [1, 2, 3][:first]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{host}", port)) for host in order]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    told = set()
    async with connect(patient(f"redis://redis.example:{port}")) as client:
        for _ in range(3):
            with pytest.raises(redis.ConnectionError) as refused:
                await client.ping()
            told.add(describe_failure(refused.value))
    (said,) = told
    assert all(f"127.0.0.{host}" in said for host in (1, 2, 3))


def test_a_redis_that_is_too_slow_names_the_setting(redis_server: EmbeddedRedis) -> None:
    async def told(settings: RedisSettings) -> str:
        async with connect(settings) as client:
            with pytest.raises(redis.TimeoutError) as late:
                await client.blpop(["nothing"], timeout=30)
            return describe_failure(late.value)

    slow = replace(patient(redis_server.url), command_timeout_s=0.05)
    far = RedisSettings(url=redis_server.url, connect_timeout_s=1e-9)
    assert "STRATEGIC_MEMORY_REDIS_COMMAND_TIMEOUT" in asyncio.run(told(slow))
    assert "STRATEGIC_MEMORY_REDIS_CONNECT_TIMEOUT" in asyncio.run(told(far))


async def test_a_server_without_tls_is_told_as_what_may_keep_a_connection_from_being_made(
    redis_server: EmbeddedRedis,
) -> None:
    settings = RedisSettings(url=redis_server.url.replace("redis://", "rediss://"), connect_timeout_s=0.1)
    async with connect(settings) as client:
        with pytest.raises(redis.TimeoutError) as late:
            await client.ping()
    assert "A server without TLS" in describe_failure(late.value)


async def test_a_server_that_ends_a_connection_unheard_may_take_tls_alone() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"+PONG\r\n")
        await reader.read(100)
        writer.close()

    async def end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    for serve, is_told in ((answer, False), (end, True)):
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with connect(patient(f"redis://127.0.0.1:{port}")) as client:
                if serve is answer:
                    await client.ping()
                with pytest.raises(redis.ConnectionError) as ended:
                    await client.ping()
        assert ("REDIS_URL has to begin with rediss" in str(ended.value)) == is_told


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail ESMTP\r\n", b"ERROR\r\n", bytes.fromhex("15030300020246")],
    ids=["http", "mail", "memcached", "tls"],
)
async def test_what_is_no_redis_is_told_as_such(answer: bytes) -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(RedisSettings(url=f"redis://127.0.0.1:{port}")) as client:
            with pytest.raises(redis.exceptions.InvalidResponse) as refused:
                await client.get("a")
    said = describe_failure(refused.value)
    assert "What answers there is no Redis: look at host and port in REDIS_URL" in said
    assert "begin with rediss" in said


def test_a_redis_that_is_there_need_not_be_started() -> None:
    assert "start Redis" in (way_back(redis.ConnectionError("gone")) or "")
    assert way_back(redis.ConnectionError("max number of clients reached")) is None
    assert way_back(NotPrimaryError("127.0.0.1:6379 is a replica now and takes no writes")) is None


async def test_a_password_that_is_wrong_is_not_told(redis_server: EmbeddedRedis) -> None:
    url = redis_server.url.replace("redis://", f"redis://nobody:{HIDDEN}@")
    async with connect(patient(url)) as client:
        with pytest.raises(redis.AuthenticationError) as refused:
            await client.ping()
    assert HIDDEN not in describe_failure(refused.value)
    assert HIDDEN not in repr(RedisSettings(url=url))


async def test_answers_are_bytes(redis_server: EmbeddedRedis) -> None:
    async with connect(patient(redis_server.url)) as client:
        await client.set("a", "\u00e9")
        assert await client.get("a") == "\u00e9".encode()


async def test_a_read_may_block_longer_than_a_command_may_take(redis_server: EmbeddedRedis) -> None:
    settings = replace(patient(redis_server.url), command_timeout_s=0.05)
    async with connect(settings, longest_block_s=30.0) as client:
        assert not await client.xread({"nothing": "0-0"}, block=150)
    async with connect(settings) as client:
        with pytest.raises(redis.TimeoutError):
            await client.xread({"nothing": "0-0"}, block=5_000)


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings = RedisSettings(url=url, connect_timeout_s=0.2, command_timeout_s=0.2)
        async with connect(settings) as client:
            async with asyncio.timeout(30):
                with pytest.raises((redis.TimeoutError, redis.ConnectionError)):
                    await client.ping()


async def test_a_server_that_refuses_is_an_error_at_once() -> None:
    async with connect(patient("redis://127.0.0.1:1/0")) as client:
        with pytest.raises(redis.ConnectionError):
            await client.ping()


async def test_a_connection_that_redis_has_closed_is_an_error_once_and_then_renewed(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with connect(patient(redis_server.url)) as client:
        own_id = await client.client_id()
        redis_client.client_kill_filter(_id=str(own_id))
        failures = 0
        for _ in range(3):
            try:
                await client.ping()
            except redis.ConnectionError:
                failures += 1
        assert failures <= 1
