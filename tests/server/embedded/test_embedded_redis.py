from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
import redis
from patient_redis import PATIENCE_S
from processes import aeventually, eventually, process_is_gone
from redis_inputs import is_written_out
from structlog.testing import capture_logs

from strategic_memory_server.embedded import embedded_redis
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, EmbeddedRedisError, Persistence
from strategic_memory_server.embedded.embedded_watch import keep_running
from strategic_memory_server.embedded.guarded_process import GuardedProcess
from strategic_memory_server.embedded.private_files import new_password
from strategic_memory_server.embedded.redis_binary import find_redis_server, program_in_wheel

pytestmark = pytest.mark.processes


def process_id_of(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def runs_anew(server: EmbeddedRedis, first_pid: int) -> bool:
    try:
        return process_id_of(server.url) != first_pid
    except redis.ConnectionError:
        return False


def test_it_answers_at_its_url_with_its_process_id() -> None:
    with EmbeddedRedis() as server:
        assert server.url == f"redis://127.0.0.1:{server.port}/0"
        assert process_id_of(server.url) == server.pid
        pid, directory = server.pid, server.directory
    assert not server.running
    assert process_is_gone(pid)
    assert not directory.exists()


def test_it_listens_on_loopback_only() -> None:
    with EmbeddedRedis() as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("bind")["bind"] == "127.0.0.1"
        assert client.config_get("protected-mode")["protected-mode"] == "yes"


@pytest.mark.parametrize("persistence", [Persistence.ALWAYS, Persistence.EVERY_SECOND])
def test_what_was_written_out_survives_sigkill(persistence: Persistence) -> None:
    """That is what was acknowledged, unless the disk is slow: then Redis keeps some of it back for up to 2 s."""
    # What is sent once more after a timeout may have been done before.
    with (
        EmbeddedRedis(persistence=persistence) as server,
        redis.Redis.from_url(server.url, socket_timeout=PATIENCE_S) as client,
    ):
        assert client.config_get("appendfsync")["appendfsync"] == persistence.value
        port, first_pid = server.port, server.pid
        for value in range(100):
            client.rpush("list", value)
        eventually(lambda: is_written_out(client))
        server.kill()
        assert process_is_gone(first_pid)
        server.start()
        assert server.port == port
        assert server.pid != first_pid
        assert client.llen("list") == 100


def test_stop_keeps_the_data_and_may_be_repeated() -> None:
    with EmbeddedRedis(persistence=Persistence.ALWAYS) as server, redis.Redis.from_url(server.url) as client:
        client.set("key", "kept")
        server.stop()
        server.stop()
        server.kill()
        server.start()
        assert client.get("key") == b"kept"


def test_without_persistence_a_restart_begins_empty() -> None:
    with EmbeddedRedis() as server, redis.Redis.from_url(server.url) as client:
        client.set("key", "lost")
        server.kill()
        server.start()
        assert client.get("key") is None


def test_a_given_directory_stays(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    with (
        EmbeddedRedis(directory=folder, persistence=Persistence.ALWAYS) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        client.set("key", "kept")
    with EmbeddedRedis(directory=folder, persistence=Persistence.ALWAYS) as server:
        with redis.Redis.from_url(server.url) as client:
            assert client.get("key") == b"kept"
        assert server.log_path.parent == folder


def test_start_does_nothing_while_it_runs() -> None:
    with EmbeddedRedis() as server:
        pid = server.pid
        assert server.start().pid == pid


def test_a_taken_port_that_was_asked_for_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedRedisError, match=f"Port {port} is taken"):
            EmbeddedRedis(port=port).start()


def test_a_port_that_another_redis_takes_first_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    real_free_port = embedded_redis._free_port
    with EmbeddedRedis() as stranger:
        offered = iter([stranger.port, stranger.port])
        monkeypatch.setattr(embedded_redis, "_free_port", lambda: next(offered, None) or real_free_port())
        with EmbeddedRedis() as server:
            assert server.port != stranger.port
            assert process_id_of(server.url) == server.pid
        assert process_id_of(stranger.url) == stranger.pid


def test_whoever_listens_on_the_port_of_before_is_not_told_the_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with EmbeddedRedis(earlier_port=port, password=new_password()) as server:
            assert server.port != port
        taken.setblocking(False)
        with pytest.raises(BlockingIOError):
            taken.accept()


def test_the_log_tells_why_it_did_not_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken-redis"
    broken.write_text("#!/bin/sh\necho 'cannot read my configuration' >&2\nexit 7\n")
    broken.chmod(0o755)
    with pytest.raises(EmbeddedRedisError, match=r"(?s)exit code 7.*cannot read my configuration"):
        EmbeddedRedis(binary=broken).start()


def test_a_server_that_never_answers_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tmp_path / "silent-redis"
    silent.write_text("#!/bin/sh\nwhile :; do sleep 1; done\n")
    silent.chmod(0o755)
    begun: list[GuardedProcess] = []

    def beginning(*arguments: Any, **named: Any) -> GuardedProcess:  # noqa: ANN401  whatever it is told
        begun.append(GuardedProcess(*arguments, **named))
        return begun[-1]

    # On a busy machine it may be ended before it could write down its id itself.
    monkeypatch.setattr(embedded_redis, "GuardedProcess", beginning)
    server = EmbeddedRedis(binary=silent, start_timeout_s=0.5)
    with pytest.raises(EmbeddedRedisError, match=r"did not answer on port \d+ within 0.5 s"):
        server.start()
    assert not server.running
    assert process_is_gone(begun[0].pid)


def test_before_the_first_start_there_is_no_address() -> None:
    server = EmbeddedRedis()
    for name in ("url", "port", "pid", "directory", "log_path"):
        with pytest.raises(EmbeddedRedisError, match="start it first"):
            getattr(server, name)
    server.stop()
    server.close()


async def test_it_starts_beside_a_running_grpc_server() -> None:
    grpc_server = grpc.aio.server()
    grpc_server.add_insecure_port("127.0.0.1:0")
    await grpc_server.start()
    try:
        server = EmbeddedRedis()
        await asyncio.to_thread(server.start)
        assert process_id_of(server.url) == server.pid
        await asyncio.to_thread(server.close)
    finally:
        await grpc_server.stop(None)


def test_what_is_promised_holds_for_every_known_program() -> None:
    """A password, one address, and no write that is lost in a crash."""
    for binary in {find_redis_server(), program_in_wheel()} - {None}:
        with EmbeddedRedis(binary=binary, persistence=Persistence.ALWAYS, password=new_password()) as server:
            with redis.Redis.from_url(server.url) as client:
                assert process_id_of(server.url) == server.pid
                assert client.config_get("bind") == {"bind": "127.0.0.1"}
                client.set("kept", "1")
            server.kill()
            server.start()
            with redis.Redis.from_url(server.url) as client, redis.Redis(port=server.port) as stranger:
                assert client.get("kept") == b"1"
                with pytest.raises(redis.AuthenticationError):
                    stranger.ping()


def test_a_password_is_asked_of_everybody_and_stands_where_nobody_else_looks(tmp_path: Path) -> None:
    password = new_password()
    with EmbeddedRedis(directory=tmp_path, password=password, persistence=Persistence.ALWAYS) as server:
        assert password in server.url
        assert process_id_of(server.url) == server.pid
        with (
            redis.Redis(port=server.port) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        process = Path(f"/proc/{server.pid}")
        assert password.encode() not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        assert server.password_path.read_text() == f"{password}\n"
        holding = [path for path in tmp_path.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
        assert len(holding) == 2
        assert {path.stat().st_mode & 0o777 for path in holding} == {0o600}


def test_a_directory_that_cannot_be_written_to_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbeddedRedisError, match="needs a directory that can be written to"):
        EmbeddedRedis(directory="/proc/self/fdinfo").start()
    monkeypatch.setattr(tempfile, "tempdir", "/proc/self/fdinfo")
    with pytest.raises(EmbeddedRedisError, match="Set TMPDIR to such a directory"):
        EmbeddedRedis(password="secret").start()  # noqa: S106  it is none


async def test_one_that_dies_is_started_again_once_with_what_it_had_kept() -> None:
    server = EmbeddedRedis(persistence=Persistence.ALWAYS, password=new_password())
    await asyncio.to_thread(server.start)
    watch = asyncio.create_task(keep_running(server))
    try:
        with redis.Redis.from_url(server.url) as client, capture_logs() as lines:
            client.set("kept", "1")
            first = server.pid
            os.kill(first, signal.SIGKILL)
            # It answers a moment before the watch knows that it does; another death by then is no second one.
            await aeventually(lambda: any(line["event"].startswith("Embedded Redis runs again") for line in lines))
            assert runs_anew(server, first)
            assert client.get("kept") == b"1"
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(EmbeddedRedisError, match=r"has died twice\. It ended with exit code -9"):
            await watch
    finally:
        watch.cancel()
        await asyncio.to_thread(server.close)


async def test_a_start_that_the_end_of_the_service_interrupts_is_waited_for_however_often_it_is_cancelled() -> None:
    """It ran on beside what stopped the server: that failed, or left a server behind."""
    begun, may_end = threading.Event(), threading.Event()

    def start() -> None:
        begun.set()
        assert may_end.wait(PATIENCE_S)
        raise EmbeddedRedisError("The embedded Redis was not waited for any longer.")

    given_up, unretrieved = threading.Event(), []
    dead: Any = SimpleNamespace(running=False, last_words=lambda: "", start=start, given_up=given_up)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unretrieved.append(context))
    watch = asyncio.create_task(keep_running(dead))
    await aeventually(begun.is_set)
    for _ in range(3):
        watch.cancel()
        assert await asyncio.wait([watch], timeout=0.05) == (set(), {watch})
    assert given_up.is_set()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await watch
    gc.collect()
    assert unretrieved == []
