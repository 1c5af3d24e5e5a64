"""Where an export is written, and whose long memory it is."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import redis
from advice import feedback
from server.exporting.commands import run

from strategic_memory_server.cli.export_command import export_memory
from strategic_memory_server.cli.rebuild_memory import rebuild_memory
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.exporting import export
from strategic_memory_server.importing.exported import read_export
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.revisions.feedback_json import encode_feedback
from strategic_memory_server.revisions.log_keys import LogKeys

TRADES = "quantum:stream:trade.results"


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def test_what_its_file_system_refuses_is_told_of_the_folder_and_a_link_to_an_empty_one_is_filled(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    redis_client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5"})
    for refused in (tmp_path / ("x" * 300), tmp_path / "gone"):
        if refused.name == "gone":
            refused.symlink_to(tmp_path / "nowhere")
        done = await run(export_memory, refused, "--redis-url", redis_server.url)
        assert done.exit_code == 1
        assert f"{refused}: cannot be written" in done.output
        assert "start Redis" not in done.output
    (tmp_path / "disk").mkdir()
    (tmp_path / "mounted").symlink_to(tmp_path / "disk")
    done = await run(export_memory, tmp_path / "mounted", "--redis-url", redis_server.url)
    assert done.exit_code == 0, done.output
    written = {file.stem for file in (tmp_path / "disk").iterdir()}
    assert written == {"export", "observations", "portfolio", "trades", "memory", "values", "advice"}


@pytest.mark.parametrize("is_there", [True, False])
async def test_what_was_moved_though_the_file_system_says_otherwise_is_there(
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_there: bool,
) -> None:
    """NFS sends a request again whose answer was lost; a whole export was told as one of which nothing is left."""
    redis_client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5"})
    folder, replace = tmp_path / "export", Path.replace
    if is_there:
        folder.mkdir()

    def without_an_answer(self: Path, target: Path) -> Path:
        replace(self, target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", without_an_answer)
    done = await run(export_memory, folder, "--redis-url", redis_server.url)
    assert done.exit_code == 0, done.output
    assert len(read_export(folder).streams) == 1
    assert names_in(tmp_path) == ["export"]


async def test_what_its_disk_does_not_take_in_the_end_is_told_and_nothing_of_it_is_left(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told as written while the kernel held it yet: a power failure, or a full disk behind NFS, lost it."""
    redis_client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5"})

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = await run(export_memory, tmp_path / "export", "--redis-url", redis_server.url)
    assert (done.exit_code, "No space left on device; nothing is left of it" in done.output) == (1, True), done.output
    assert names_in(tmp_path) == []


async def test_of_an_export_whose_files_cannot_all_be_moved_nothing_is_left(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5"})
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if self.name == "export.json":
            raise OSError(errno.EIO, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    done = await run(export_memory, tmp_path, "--redis-url", redis_server.url)
    assert (done.exit_code, "nothing is left of it" in done.output) == (1, True), done.output
    assert names_in(tmp_path) == []


async def test_a_long_memory_without_a_stream_is_exported(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    redis_client.hset(MemoryKeys.under("quantum").evidence, "read_up_to", "7-0")
    done = await run(export_memory, tmp_path / "export", "--redis-url", redis_server.url)
    assert done.exit_code == 0, done.output
    assert "memory.parquet: 1 rows" in done.output


async def test_the_memory_of_the_decay_that_the_service_has_is_meant_whatever_this_command_is_told(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    beside = MemoryKeys.beside("quantum", 0.9).evidence
    redis_client.hset(MemoryKeys.under("quantum").evidence, "read_up_to", "7-0")
    redis_client.hset(beside, "read_up_to", "8-0")
    redis_client.hset(LogKeys.under("quantum").state, "settings", '{"STRATEGIC_MEMORY_EVIDENCE_DECAY": 0.9}')
    done = await run(export_memory, tmp_path / "export", "--redis-url", redis_server.url)
    assert "memory.parquet: 2 rows" in done.output
    assert json.loads((tmp_path / "export" / "export.json").read_bytes())["decay"] == 0.9
    assert (await run(rebuild_memory, "--yes", "--redis-url", redis_server.url)).exit_code == 0
    assert not redis_client.exists(beside)


async def test_revisions_of_another_version_end_no_export_of_those_that_came_after_them(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    for revision in range(1, 8):
        document = encode_feedback(feedback(revision))
        if revision in {3, 4, 5}:
            document = document.replace('"rules": "REFERENCE"', '"rules": "OF_ANOTHER_VERSION"')
        redis_client.xadd(LogKeys.under("quantum").log, {"feedback": document}, id=f"{revision}-0")
    done = await run(export_memory, tmp_path / "export", "--redis-url", redis_server.url)
    assert done.exit_code == 0, done.output
    assert pq.read_table(tmp_path / "export" / "advice.parquet")["revision"].to_pylist() == [1, 2, 6, 7]
