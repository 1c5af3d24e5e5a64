"""Ctrl-C while the past is read or a memory is written out is said, has a code of its own, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
import redis
from faults.process_signals import suspended
from processes import command_path, eventually

from strategic_memory_server.cli import stopping
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.system


def started(*arguments: str | Path, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [command_path("strategic-memory-server"), *map(str, arguments), "--redis-url", url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_an_import_that_is_interrupted_says_what_became_of_it(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "trades.csv")
    process = started("import", tmp_path / "trades.csv", url=redis_server.url)
    # Opening waits until the import reads, and it reads on for as long as this stays open.
    with (tmp_path / "trades.csv").open("w") as record:
        record.write("time,realized_pnl\n")
        record.flush()
        process.send_signal(signal.SIGINT)
        # Once more, should the first have come between two reads.
        record.write("2024-01-01,1\n")
        record.flush()
        said, complained = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")
    assert complained.startswith("strategic-memory-server import: interrupted; what is written stays")
    assert redis_client.dbsize() == 0


def test_an_export_that_is_interrupted_leaves_nothing(fresh_redis: EmbeddedRedis, tmp_path: Path) -> None:
    with redis.Redis.from_url(fresh_redis.url) as client, client.pipeline(transaction=False) as pipeline:
        for _ in range(100_000):
            pipeline.xadd("quantum:stream:meta.regime", {"regime": "BULL"})
        pipeline.execute()
    process = started("export", tmp_path / "export", url=fresh_redis.url)
    eventually(lambda: list(tmp_path.iterdir()), 30.0)
    with suspended(fresh_redis.pid):
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")
    assert complained.endswith("strategic-memory-server export: interrupted; nothing was written\n")
    assert list(tmp_path.iterdir()) == []


def test_a_stop_that_was_lost_while_importing_ends_the_command_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_stops", [])
    stopping.end_if_stopped()
    with pytest.raises(SystemExit) as first:
        stopping.stop(signal.SIGTERM, None)
    with pytest.raises(SystemExit) as again:
        stopping.end_if_stopped()
    assert first.value is again.value
