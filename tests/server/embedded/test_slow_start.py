"""EmbeddedRedis that has much to read before it answers."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest
import redis
from patient_redis import PATIENCE_S
from processes import eventually

from strategic_memory_server.cli.own_redis import OwnRedis, StoppedWhileStartingError, started
from strategic_memory_server.embedded import embedded_redis, kept_folder
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, Persistence
from strategic_memory_server.embedded.kept_folder import KeptFolder
from strategic_memory_server.embedded.process_behind import process_id_behind
from strategic_memory_server.embedded.redis_binary import find_redis_server
from strategic_memory_server.redis_access.redis_settings import RedisSettings

pytestmark = pytest.mark.processes


def slow_in(folder: Path) -> Path:
    """Make a server program that reads its data slowly."""
    slow = folder / "redis-server"
    slow.write_text(f'#!/bin/sh\nexec {find_redis_server()} "$@" --key-load-delay 400\n')
    slow.chmod(0o755)
    return slow


def fill(url: str) -> None:
    """Let it have so much to read that a slow one takes six seconds."""
    # What is sent once more after a timeout may have been done before.
    with redis.Redis.from_url(url, socket_timeout=PATIENCE_S) as client:
        pipeline = client.pipeline(transaction=False)
        for number in range(15_000):
            pipeline.rpush("list", number)
        pipeline.execute()


def test_a_server_that_reads_its_data_for_long_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = slow_in(tmp_path)
    kept = partial(EmbeddedRedis, directory=tmp_path, persistence=Persistence.EVERY_SECOND)
    with kept() as server:
        fill(server.url)

    def asked_once_it_reads(host: str, port: int, password: str | None, *, may_load: bool = False) -> int | None:
        eventually(lambda: process_id_behind(host, port, password, may_load=True))
        return process_id_behind(host, port, password, may_load=may_load)

    # All the time that it reads is beyond its timeout, and none of the time that the program takes to begin.
    monkeypatch.setattr(embedded_redis, "process_id_behind", asked_once_it_reads)
    with kept(binary=slow, start_timeout_s=0.0) as server, redis.Redis.from_url(server.url) as client:
        assert client.llen("list") == 15_000


async def test_a_signal_ends_a_start_that_reads_its_data_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, stop, log = OwnRedis(tmp_path / "kept", None), asyncio.Event(), tmp_path / "kept" / "redis.log"
    async with started(asked, RedisSettings(), stop) as (settings, _):
        await asyncio.to_thread(fill, settings.url)
    monkeypatch.setenv("PATH", str(slow_in(tmp_path).parent), prepend=":")
    stop.set()
    with pytest.raises(StoppedWhileStartingError):
        async with started(asked, RedisSettings(), stop):
            pass
    assert log.read_text().count("Ready to accept connections") == 1


def fork_with_the_lock(folder: Path) -> subprocess.Popen[bytes]:
    """Make a process that has the lock of a folder that is closed, until its input ends."""
    closed = KeptFolder(folder).open()
    fork = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[closed.lock])
    closed.close()
    return fork


async def test_a_signal_ends_the_wait_for_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was waited for half a minute, and who had sent the signal killed the service before."""
    stop, is_waited_for, locked = asyncio.Event(), threading.Event(), kept_folder._locked

    def looked(lock: int) -> bool:
        is_locked = locked(lock)
        if not is_locked:
            is_waited_for.set()
        return is_locked

    monkeypatch.setattr(kept_folder, "_locked", looked)
    fork = fork_with_the_lock(tmp_path / "kept")
    starting = started(OwnRedis(tmp_path / "kept", None), RedisSettings(), stop)
    entering = asyncio.create_task(starting.__aenter__())
    try:
        assert await asyncio.to_thread(is_waited_for.wait, PATIENCE_S)
        stop.set()
        with pytest.raises(StoppedWhileStartingError):
            await entering
    finally:
        # Were it still waited for, this lets it start.
        fork.communicate()
    KeptFolder(tmp_path / "kept").open().close()
    assert fork.returncode == 0


def test_a_folder_that_a_fork_of_this_process_lets_go_of_late_is_waited_for(tmp_path: Path) -> None:
    fork, second = fork_with_the_lock(tmp_path / "kept"), KeptFolder(tmp_path / "kept")
    assert fork.stdin is not None
    timer = threading.Timer(0.2, fork.stdin.close)
    timer.start()
    second.open()
    second.close()
    timer.join()
    assert fork.wait(30) == 0
