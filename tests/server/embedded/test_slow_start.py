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
from strategic_memory_server.embedded import embedded_redis
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


def test_a_folder_that_a_fork_of_this_process_lets_go_of_late_is_waited_for(tmp_path: Path) -> None:
    first, second = KeptFolder(tmp_path / "kept"), KeptFolder(tmp_path / "kept")
    first.open()
    # It has the lock of the first one, until its input ends.
    fork = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[first.lock])
    first.close()
    assert fork.stdin is not None
    timer = threading.Timer(0.2, fork.stdin.close)
    timer.start()
    second.open()
    second.close()
    timer.join()
    assert fork.wait(30) == 0
