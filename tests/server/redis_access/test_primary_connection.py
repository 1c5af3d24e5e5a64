"""Connections leave a server that takes no writes, and find the one that does."""

from __future__ import annotations

import asyncio
import socket
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from certificates import Authority
from faults.deployment_support import why_no_sentinel
from faults.free_ports import free_port
from faults.redis_process import RedisProcess
from patient_redis import patient
from processes import aeventually
from redis_kinds.programs import KINDS, require_program

from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings

pytestmark = pytest.mark.processes

NAME = "memory"
WRITE = "return redis.call('SET', KEYS[1], ARGV[1])"


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path / "redis", free_port(), program=require_program(request.param)) as one:
        yield one


def url_of(server: RedisProcess, options: str = "") -> str:
    return f"{server.url}?client_name=watched{options}"


def connections(server: RedisProcess) -> int:
    with server.client() as client:
        listed: Any = client.client_list()
        return sum(one["name"] == "watched" for one in listed)


def demote(server: RedisProcess) -> None:
    """Make it a replica of nobody, without closing the connections of its clients."""
    with server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", 1)


@pytest.mark.parametrize("how", ["script", "command", "transaction", "pipeline"])
async def test_a_demoted_master_is_left_at_the_first_write(server: RedisProcess, how: str) -> None:
    async with connect(patient(url_of(server))) as client:
        script = client.register_script(WRITE)

        async def write() -> None:
            if how == "script":
                await script(keys=["key"], args=["value"])
            elif how == "command":
                await client.set("key", "value")
            else:
                async with client.pipeline(transaction=how == "transaction") as pipeline:
                    pipeline.get("key")
                    pipeline.set("key", "value")
                    pipeline.get("key")
                    await pipeline.execute(raise_on_error=False)

        await write()
        assert connections(server) == 1
        demote(server)
        with pytest.raises(redis.ConnectionError, match="is a replica now and takes no writes"):
            await write()
        await aeventually(lambda: connections(server) == 0)
        with server.client() as admin:
            admin.execute_command("REPLICAOF", "NO", "ONE")
        await write()


async def test_a_blocked_read_ends_when_the_master_is_demoted(server: RedisProcess) -> None:
    async with connect(patient(url_of(server)), longest_block_s=30.0) as client:
        reading = asyncio.ensure_future(client.xread({"stream": "0-0"}, block=30_000))
        await aeventually(lambda: blocked_clients(server) == 1)
        demote(server)
        with pytest.raises(redis.ConnectionError, match="has changed its role"):
            await reading
        await aeventually(lambda: connections(server) == 0)


def blocked_clients(server: RedisProcess) -> int:
    with server.client() as client:
        return int(client.info("clients")["blocked_clients"])


@pytest.fixture
def two_of_each(tmp_path: Path) -> Iterator[tuple[list[RedisProcess], list[RedisProcess]]]:
    """Two servers, and two sentinels that each watch one and know nothing of each other."""
    if why := why_no_sentinel():
        pytest.skip(f"this Redis cannot be a sentinel: {why}")
    with ExitStack() as stack:
        servers = [stack.enter_context(RedisProcess(tmp_path / f"server-{n}", free_port())) for n in (1, 2)]
        sentinels = [
            stack.enter_context(
                RedisProcess(
                    tmp_path / f"sentinel-{server.port}",
                    free_port(),
                    (
                        f"sentinel monitor {NAME} 127.0.0.1 {server.port} 1",
                        f"sentinel down-after-milliseconds {NAME} 600000",
                    ),
                    ("--sentinel",),
                )
            )
            for server in servers
        ]
        yield servers, sentinels


def sentinel_url(sentinels: list[RedisProcess], name: str = NAME) -> str:
    return f"redis+sentinel://{','.join(f'127.0.0.1:{one.port}' for one in sentinels)}/{name}"


async def test_a_sentinel_that_names_a_demoted_master_is_not_believed_and_the_next_is_asked(
    two_of_each: tuple[list[RedisProcess], list[RedisProcess]],
) -> None:
    (old, new), sentinels = two_of_each
    demote(old)
    # The first one does not run at all: it is the second that must not be asked again.
    url = sentinel_url(sentinels).replace("redis+sentinel://", f"redis+sentinel://127.0.0.1:{free_port()},")
    async with connect(patient(url)) as client:
        with pytest.raises(redis.ConnectionError, match=rf"{old.port} is no master \(any more\): it says slave"):
            await client.set("key", "value")
        await client.set("key", "value")
    with new.client() as admin:
        assert admin.get("key") == "value"


async def test_sentinels_that_are_away_are_passed_over_and_a_server_that_has_gone_is_asked_for_elsewhere(
    two_of_each: tuple[list[RedisProcess], list[RedisProcess]],
) -> None:
    (first, second), sentinels = two_of_each
    settings = patient(sentinel_url(sentinels))
    async with connect(settings) as client:
        sentinels[0].kill()
        await client.set("key", "value")
        with second.client() as admin:
            assert admin.get("key") == "value"
        sentinels[0].start()
        second.kill()
        # Once for the connection that is gone, and once for the sentinel that does not know it yet.
        assert await failures_until_written(client) in (1, 2)
        with first.client() as admin:
            assert admin.get("key") == "value"


async def failures_until_written(client: redis.asyncio.Redis) -> int:
    for failures in range(10):
        try:
            await client.set("key", "value")
        except redis.ConnectionError:
            continue
        return failures
    pytest.fail("no attempt has succeeded")


async def test_a_name_that_no_sentinel_knows(two_of_each: tuple[list[RedisProcess], list[RedisProcess]]) -> None:
    _, sentinels = two_of_each
    async with connect(patient(sentinel_url(sentinels, "other"))) as client:
        with pytest.raises(redis.ConnectionError, match=r"no sentinel names a master for other: .* does not know"):
            await client.ping()


async def test_a_host_that_does_not_answer_is_given_up_in_time() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        # Nobody accepts: once the queue is full, the next connection is never answered.
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        settings = RedisSettings(url=f"redis://localhost:{address[1]}/0", connect_timeout_s=0.3, command_timeout_s=30.0)
        started = time.monotonic()
        async with connect(settings) as client:
            with pytest.raises(redis.TimeoutError, match="Timeout connecting"):
                await client.ping()
        assert 0.25 < time.monotonic() - started < 20.0


async def test_certificates_are_read_again_for_each_connection(tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path, "ca"), Authority(tmp_path, "stranger")
    own, port = authority.certificate("redis"), free_port()
    lines = (f"tls-port {port}", f"tls-cert-file {own.chain}", f"tls-key-file {own.key}", "tls-auth-clients no")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(stranger.own.chain.read_bytes())
    program = require_program("redis-7")
    settings = replace(patient(f"rediss://127.0.0.1:{port}/0"), ca_file=str(trusted))
    with RedisProcess(tmp_path / "redis", free_port(), (*lines, f"tls-ca-cert-file {own.chain}"), program=program):
        async with connect(settings) as client:
            with pytest.raises(redis.ConnectionError, match="certificate verify failed"):
                await client.ping()
            trusted.write_bytes(authority.own.chain.read_bytes())
            assert await client.ping()


async def test_a_refused_login_through_a_socket_leaves_no_connection_that_is_not_logged_in(tmp_path: Path) -> None:
    path = f"/tmp/sm-{free_port()}.sock"  # noqa: S108  a path that is short enough, with a name of its own
    word = tmp_path / "word"
    word.write_text("wrong")
    lines = (f"unixsocket {path}",)
    with RedisProcess(tmp_path / "redis", free_port(), lines) as server, server.client() as admin:
        admin.execute_command("ACL", "SETUSER", "me", "on", ">right", "~*", "+@all")
        settings = replace(patient(f"unix://me@{path}"), password_file=str(word))
        async with connect(settings) as client:
            for _ in range(2):
                with pytest.raises(redis.ConnectionError, match="invalid username-password"):
                    await client.set("key", "value")
            word.write_text("right")
            await client.set("key", "value")
        assert admin.get("key") == "value"


async def test_a_server_that_knows_no_login_repeats_no_password(tmp_path: Path) -> None:
    path, word = f"/tmp/sm-{free_port()}.sock", "secret-word"  # noqa: S108  as above
    lines = (f"unixsocket {path}", 'rename-command AUTH ""')
    with RedisProcess(tmp_path / "redis", free_port(), lines) as server:
        for url in (server.url.replace("//", f"//:{word}@"), f"unix://me:{word}@{path}"):
            async with connect(patient(url)) as client:
                with pytest.raises(redis.RedisError, match="unknown command 'AUTH'") as refused:
                    await client.ping()
            assert word not in "".join(traceback.format_exception(refused.value))
