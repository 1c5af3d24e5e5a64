"""`export` and `import` where a version before or after this one wrote what is carried."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import redis
from click.testing import CliRunner
from server.exporting.commands import run

from strategic_memory_server.cli.export_command import export_memory
from strategic_memory_server.cli.import_command import import_past
from strategic_memory_server.cli.replay import replay
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.exporting.folder import EXPORT_VERSION, FolderError, read_manifest
from strategic_memory_server.revisions.log_keys import LogKeys

TRADES, SAID = "quantum:stream:trade.results", LogKeys.under("quantum").interventions
MANIFEST = {
    "format_version": EXPORT_VERSION,
    "service_version": "9.9",
    "exported_at": "2026-01-05T09:30:00Z",
    "key_prefix": "quantum",
    "decay": 0.998,
    "rows": {},
}
LATER = b'{"override": {"policy": "DEFENSIVE", "leverage": 0.25}, "freeze": null, "frozen": null}'
"""What operators have said, with a policy that only a later version knows."""


def test_what_a_later_version_adds_to_the_manifest_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(json.dumps({**MANIFEST, "portfolio": "alpha"}))
    assert read_manifest(tmp_path).decay == 0.998


def test_a_later_format_is_told_whatever_its_manifest_holds(tmp_path: Path) -> None:
    later = {name: MANIFEST[name] for name in MANIFEST if name != "decay"}
    (tmp_path / "export.json").write_text(json.dumps({**later, "format_version": 99, "portfolio": "alpha"}))
    with pytest.raises(FolderError, match=r"exported by version 9\.9 in format 99.*install that version or a newer"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("written", ["[]", "{}", '{"format_version": "new"}', '{"format_version": null}', "1", "no"])
def test_what_is_no_manifest_is_told(written: str, tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(written)
    with pytest.raises(FolderError, match=r"export\.json: cannot be read"):
        read_manifest(tmp_path)


def test_replay_reads_portfolio_entries_of_a_later_version_as_what_they_are(tmp_path: Path) -> None:
    """With a column more they were taken for trades, and their pnl counted as that of a policy."""
    times = [datetime(2026, 1, 5, 9, minute, tzinfo=UTC) for minute in range(20)]
    columns = {
        "time": pa.array(times, pa.timestamp("ms", "UTC")),
        "id": [f"{time.timestamp() * 1000:.0f}-0" for time in times],
        "regime": ["BULL"] * len(times),
        "pnl": ["0.1", "-0.2"] * (len(times) // 2),
        "opened_at": [f"{time.timestamp() * 1000 - 5_000:.0f}" for time in times],
        "total_pnl": ["1.5"] * len(times),
        "fields": [b"pnl"] * len(times),
    }
    pq.write_table(pa.table(columns), tmp_path / "portfolio.parquet")
    done = CliRunner().invoke(replay, [str(tmp_path / "portfolio.parquet"), "--out", str(tmp_path / "report")])
    assert (done.exit_code, "20 portfolio rows" in done.output) == (0, True), done.output


async def exported(server: EmbeddedRedis, client: redis.Redis, folder: Path) -> Path:
    """An export of a memory in which an operator says what only a later version knows."""
    client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5"})
    client.xadd(SAID, {"intervention": LATER, "by": "desk", "what": "SetOverride", "reason": "why"}, id="7-0")
    done = await run(export_memory, folder, "--redis-url", server.url)
    assert done.exit_code == 0, done.output
    return folder


def override_in(folder: Path) -> object:
    values = {row["source"]: row["value"] for row in pq.read_table(folder / "values.parquet").to_pylist()}
    return values.get("override")


@pytest.mark.processes
async def test_an_override_that_only_a_later_version_can_read_is_not_left_behind(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    folder = await exported(redis_server, redis_client, tmp_path / "export")
    assert override_in(folder) == b"7 " + LATER
    redis_client.flushall()
    refused = await run(import_past, folder, "--redis-url", redis_server.url)
    assert (refused.exit_code, "what operators have said cannot be read" in refused.output) == (1, True), refused.output
    assert not redis_client.keys()


@pytest.mark.processes
async def test_a_day_later_it_is_left_out_and_that_is_told(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    folder = await exported(redis_server, redis_client, tmp_path / "export")
    changed(folder / "export.json", lambda found: found | {"exported_at": "2026-01-05T09:30:00Z"})
    redis_client.flushall()
    done = await run(import_past, folder, "--redis-url", redis_server.url)
    assert (done.exit_code, redis_client.exists(SAID)) == (0, 0), done.output
    assert "override: is not brought back: this version cannot read it" in done.output


@pytest.mark.processes
async def test_what_another_program_has_said_is_not_carried(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    redis_client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5"})
    redis_client.xadd(SAID, {"hello": "there"}, id="7-5")
    done = await run(export_memory, tmp_path / "export", "--redis-url", redis_server.url)
    assert (done.exit_code, override_in(tmp_path / "export")) == (0, None), done.output


def changed(file: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
