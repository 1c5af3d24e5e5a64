"""One Redis in any role: it starts, keeps its configuration, and says why when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.free_ports import free_port
from faults.redis_process import RedisProcess, RedisProcessError
from faults.waiting import wait
from processes import process_is_gone


def test_it_starts_and_ends_with_its_context(tmp_path: Path) -> None:
    with RedisProcess(tmp_path / "redis", free_port(), ("maxmemory 12mb",)) as server, server.client() as client:
        pid = server.pid
        assert client.config_get("maxmemory") == {"maxmemory": str(12 * 1024 * 1024)}
        assert server.url == f"redis://127.0.0.1:{server.port}/0"
    assert process_is_gone(pid)
    assert not server.running
    with pytest.raises(RedisProcessError, match="does not run"):
        _ = server.pid


def test_it_starts_again_with_what_it_has_left(tmp_path: Path) -> None:
    with RedisProcess(tmp_path, free_port(), ("appendonly yes", "appendfsync always")) as server:
        with server.client() as client:
            client.set("kept", "1")
        server.kill()
        server.kill()
        server.start()
        with server.client() as client:
            assert client.get("kept") == "1"
        server.start()


def test_a_wrong_configuration_is_told_with_the_log(tmp_path: Path) -> None:
    with pytest.raises(RedisProcessError, match=r"ended with exit code 1.*(?s:.*)no-such-setting"):
        RedisProcess(tmp_path, free_port(), ("no-such-setting 1",))


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with RedisProcess(tmp_path / "first", free_port()) as first, pytest.raises(RedisProcessError, match="in use"):
        RedisProcess(tmp_path / "second", first.port)


def test_waiting_gives_up_with_what_it_waited_for(tmp_path: Path) -> None:
    with RedisProcess(tmp_path, free_port()) as server:
        with pytest.raises(RedisProcessError, match=r"not within 0.05 s: the moon(?s:.*)Ready to accept"):
            wait(lambda: False, 0.05, "the moon", [server])
        server.kill()
        with pytest.raises(RedisProcessError, match="an answer"):
            wait(lambda: bool(server.client().ping()), 0.05, "an answer", [server])
