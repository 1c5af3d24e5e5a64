"""A command is written by the task that sends it: nothing is started for it, and no cancellation is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from faults.free_ports import free_port
from faults.redis_process import RedisProcess
from faults.tcp_proxy import TcpProxy
from patient_redis import patient
from processes import aeventually
from redis.asyncio.connection import AbstractConnection

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect

pytestmark = pytest.mark.both_loops

MORE_THAN_SOCKETS_HOLD = 64 * 1024 * 1024


async def is_alone(client: redis.asyncio.Redis) -> bool:
    """Whether the server has no other client."""
    return len(await client.client_list()) == 1


async def test_no_task_is_started_for_a_command(redis_server: EmbeddedRedis) -> None:
    started: list[str] = []

    def note(
        loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any] | Generator[Any, None, Any]
    ) -> asyncio.Future[Any]:
        started.append(repr(coroutine))
        return asyncio.Task(coroutine, loop=loop)

    async with connect(patient(redis_server.url)) as client:
        await client.ping()
        loop = asyncio.get_running_loop()
        loop.set_task_factory(note)
        try:
            await client.set("key", "value")
            assert await client.get("key") == b"value"
        finally:
            loop.set_task_factory(None)
    assert not started


@pytest.mark.parametrize("turns", range(1, 12))
async def test_whenever_it_comes_a_cancellation_is_not_lost(redis_server: EmbeddedRedis, turns: int) -> None:
    async with connect(patient(redis_server.url)) as client:
        await client.ping()

        async def for_ever() -> None:
            while True:
                await client.ping()

        asking = asyncio.create_task(for_ever())
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        _, going_on = await asyncio.wait([asking], timeout=30.0)
        asking.cancel()
        assert not going_on
        assert await client.ping()


async def test_a_connection_that_ended_while_nobody_looked_is_an_error_of_the_connection(
    redis_server: EmbeddedRedis,
) -> None:
    with TcpProxy(f"127.0.0.1:{redis_server.port}") as way:
        async with connect(patient(f"redis://{way.address}/0")) as client:
            get_connection: Callable[[], Awaitable[AbstractConnection]] = client.connection_pool.get_connection
            connection = await get_connection()
            try:
                await connection.send_command("PING")
                await connection.read_response()
                way.reset()
                assert connection._reader is not None
                with pytest.raises(ConnectionResetError):
                    async with asyncio.timeout(30.0):
                        await connection._reader.read(1)
                with pytest.raises(redis.ConnectionError):
                    await connection.send_command("PING")
                assert not connection.is_connected
            finally:
                await client.connection_pool.release(connection)


@pytest.mark.processes
async def test_a_server_that_does_not_read_is_given_up_in_time_and_its_connection_with_it(tmp_path: Path) -> None:
    with RedisProcess(tmp_path / "redis", free_port()) as server:
        async with connect(replace(patient(server.url), command_timeout_s=0.3)) as client:

            async def is_connected() -> bool:
                # It may take longer on a busy machine, which is not what is given up here.
                with contextlib.suppress(redis.TimeoutError):
                    return bool(await client.set("key", "before"))
                return False

            await aeventually(is_connected)
            os.kill(server.pid, signal.SIGSTOP)
            try:
                with pytest.raises(redis.TimeoutError, match="Timeout writing to socket"):
                    await client.set("key", bytes(MORE_THAN_SOCKETS_HOLD))
            finally:
                os.kill(server.pid, signal.SIGCONT)
        async with connect(patient(server.url)) as client:
            await aeventually(partial(is_alone, client))
            assert await client.strlen("key") == len("before")
