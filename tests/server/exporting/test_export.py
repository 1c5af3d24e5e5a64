"""`export`, and `import` of what it wrote: the same advice elsewhere, to the last byte, and nothing there is harmed."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import redis
from click.testing import CliRunner
from mixed_inputs import mixed_inputs
from patient_redis import patient
from redis_contents import contents_of
from server.exporting.commands import run
from syncing import SETTINGS, syncing_with

from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.cli.export_command import export_memory
from strategic_memory_server.cli.import_command import import_past
from strategic_memory_server.cli.replay import replay
from strategic_memory_server.columns.stream_position import LAST_ID
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.importing.override_writing import write_override
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.memory.override import Override
from strategic_memory_server.redis_access.redis_clock import unix_time_ms
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions.caps_json import caps_text
from strategic_memory_server.revisions.intervention_text import intervention_text
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.said_log import AuditEntry, SaidLog

FEEDBACK, TRADES = "quantum:feedback:strategic_memory", "quantum:stream:trade.results"
EXPLORING = replace(
    SETTINGS, advice=replace(SETTINGS.advice, rules=Rules.EVIDENCE, evidence=EvidenceSettings(explore=True))
)
CAP = '{"max_leverage_hint": 0.75}'
OF_ITS_OWN = ("epoch", "revision", "computed_at", "valid_until", "timestamp")
"""What a feedback says of its log and its clock; all else has to be the same."""

SINCE = r"\d{4}-\d{2}-\d{2}[T ][0-9:.]+(Z| UTC)"


async def advise(server: EmbeddedRedis, client: redis.Redis) -> tuple[str, int]:
    """Sync until nothing is new; return the feedback as it stands in Redis, and the trades remembered."""
    async with syncing_with(server.url, EXPLORING) as syncing:
        async with asyncio.timeout(20):
            status = await syncing.sync.cycle()
            while status.catching_up or status.outcome not in ("published", "confirmed"):
                status = await syncing.sync.cycle()
    # The next one does not wait until its lease has ended.
    client.delete("quantum:feedback:strategic_memory:lease")
    found: Any = client.get(FEEDBACK)
    document = json.loads(found)
    for name in OF_ITS_OWN:
        document.pop(name, None)
    # Since when a cap is in force is since when this service has known it.
    return re.sub(SINCE, "", json.dumps(document)), status.trades_remembered


async def lived(server: EmbeddedRedis, client: redis.Redis) -> None:
    """A service that has been there for a while: trades were counted that the stream no longer holds."""
    first = mixed_inputs(30, seed=3)
    first.write(client)
    await advise(server, client)
    client.xtrim(TRADES, maxlen=4, approximate=False)
    mixed_inputs(30, seed=2, start_ms=first.end_ms + 1_000).write(client)
    client.set("quantum:risk:leverage_limits", CAP)
    await advise(server, client)
    # One more that nobody has counted yet.
    client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5", "policy": "BALANCED"})


@pytest.fixture
async def export(redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path) -> Path:
    await lived(redis_server, redis_client)
    before = contents_of(redis_client)
    done = await run(export_memory, tmp_path / "export", "--redis-url", redis_server.url)
    assert done.exit_code == 0, done.output
    assert contents_of(redis_client) == before, "an export changes nothing"
    assert list(files_in(tmp_path)) == [], "nothing unfinished is left"
    return tmp_path / "export"


async def test_a_service_elsewhere_advises_the_same_and_goes_on_from_it(
    export: Path, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    expected, remembered = await advise(redis_server, redis_client)
    assert remembered > redis_client.xlen(TRADES), "some of what is remembered is no longer in the stream"
    redis_client.flushall()
    done = await run(import_past, export, "--redis-url", redis_server.url)
    assert done.exit_code == 0, done.output
    assert await advise(redis_server, redis_client) == (expected, remembered)
    again = await run(import_past, export, "--redis-url", redis_server.url)
    assert again.exit_code == 0, again.output
    assert ": 0 entries to write" in again.output
    assert "quantum:risk:leverage_limits: to write" in done.output
    assert "quantum:risk:leverage_limits: is there already" in again.output
    assert await advise(redis_server, redis_client) == (expected, remembered)


async def test_what_operators_say_goes_with_the_memory_until_its_end(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    async with connect(patient(redis_server.url)) as client:
        said, now_ms = SaidLog(client, "quantum"), unix_time_ms()
        redis_client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5"})
        lower = Override(None, 0.25, False, "why", "desk", now_ms, now_ms + 3_600_000)
        await said.write(Intervention(1, lower), AuditEntry("desk", "SetOverride", "why"))
        done = await run(export_memory, tmp_path / "export", "--redis-url", redis_server.url)
        assert done.exit_code == 0, done.output
        redis_client.flushall()
        brought = await run(import_past, tmp_path / "export", "--redis-url", redis_server.url)
        assert "override: to write" in brought.output, brought.output
        assert await said.newest() == Intervention(1, lower)
        # As where no answer came, so that it failed and is run again.
        again = await run(import_past, tmp_path / "export", "--redis-url", redis_server.url)
        assert "override: is there already" in again.output, again.output
        await said.write(Intervention(2, replace(lower, leverage=0.5)), AuditEntry("desk", "SetOverride", "why"))
        again = await run(import_past, tmp_path / "export", "--redis-url", redis_server.url)
        assert "override: another one holds, and is left as it is" in again.output, again.output
        assert (await said.newest()).number == 2
        await said.write(Intervention(3), AuditEntry("desk", "ClearOverride", "why"))
        assert await write_override(client, "quantum", b"1", now_ms, dry_run=False) is None
        text = intervention_text(Intervention(1, lower)).encode()
        assert await write_override(client, "quantum", text, now_ms + 3_600_000, dry_run=False) is None


@pytest.mark.parametrize(
    ("written", "brought"),
    [
        (b'{"max_leverage_hint": 0.75', b'{"max_leverage_hint": 0.75}'),
        (b"", b'{"max_leverage_hint": 0.75}'),
        (b'{"max_leverage_hint": 0.5, "other": NaN}', b'{"max_leverage_hint": 0.5}'),
        (b'{"max_leverage_hint": 1.5}', b'{"max_leverage_hint": 1.5}'),
        (b"{}", b"{}"),
        (None, None),
    ],
)
async def test_a_cap_that_holds_since_its_key_cannot_be_read_goes_with_the_memory(
    written: bytes | None, brought: bytes | None, redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    limits = "quantum:risk:leverage_limits"
    held = (LeverageCap("risk:leverage_limits", 0.75, 1_766_296_800_000),)
    redis_client.hset(LogKeys.under("quantum").state, "leverage_caps", caps_text(held))
    redis_client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5"})
    if written is not None:
        redis_client.set(limits, written)
    done = await run(export_memory, tmp_path / "export", "--redis-url", redis_server.url)
    assert done.exit_code == 0, done.output
    assert redis_client.get(limits) == written
    values = {row["source"]: row["value"] for row in pq.read_table(tmp_path / "export" / "values.parquet").to_pylist()}
    assert values.get("risk:leverage_limits") == brought


async def test_what_is_elsewhere_already_is_neither_changed_nor_mixed(
    export: Path, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    redis_client.flushall()
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.5}')
    dry = await run(import_past, export, "--redis-url", redis_server.url, "--dry-run")
    assert dry.exit_code == 0
    assert redis_client.keys() == [b"quantum:risk:leverage_limits"]
    done = await run(import_past, export, "--redis-url", redis_server.url)
    assert "risk:leverage_limits: holds another value" in done.output
    assert redis_client.get("quantum:risk:leverage_limits") == b'{"max_leverage_hint": 0.5}'
    redis_client.flushall()
    mixed_inputs(3, seed=9).write(redis_client)
    await advise(redis_server, redis_client)
    before = contents_of(redis_client)
    refused = await run(import_past, export, "--redis-url", redis_server.url)
    assert refused.exit_code == 1
    assert "--key-prefix" in refused.output
    assert contents_of(redis_client) == before
    for key in redis_client.scan_iter("quantum:stream:*"):
        redis_client.delete(key)
    redis_client.hset(MemoryKeys.under("quantum").evidence, "read_up_to", "9999999999999-0")
    refused = await run(import_past, export, "--redis-url", redis_server.url)
    assert refused.exit_code == 1
    assert "another long memory" in refused.output
    assert not list(redis_client.scan_iter("quantum:stream:meta.regime"))


async def test_a_replica_is_told_as_such_and_not_as_one_that_gives_no_answer(
    export: Path, fresh_redis: EmbeddedRedis
) -> None:
    with redis.Redis.from_url(fresh_redis.url) as client:
        client.replicaof("127.0.0.1", "1")
        refused = await run(import_past, export, "--redis-url", fresh_redis.url)
    assert (refused.exit_code, "is a replica now and takes no writes" in refused.output) == (1, True), refused.output


async def test_its_files_are_read_by_pandas_and_by_replay(export: Path, tmp_path: Path) -> None:
    manifest = json.loads((export / "export.json").read_text())
    for name, rows in manifest["rows"].items():
        assert pq.read_table(export / name).num_rows == rows
    assert all(manifest["rows"].values())
    (newest,) = pq.read_table(export / "trades.parquet").slice(manifest["rows"]["trades.parquet"] - 1).to_pylist()
    assert newest["market_regime"] == "BULL"
    assert newest["fields"] == [(b"market_regime", b"BULL"), (b"realized_pnl", b"0.5"), (b"policy", b"BALANCED")]
    advice = pq.read_table(export / "advice.parquet").to_pylist()
    assert advice[-1]["rules"] == "EVIDENCE"
    assert [row["revision"] for row in advice] == list(range(1, len(advice) + 1))
    kinds = {"observations.parquet": "regime", "portfolio.parquet": "portfolio", "trades.parquet": "trade"}
    arguments = [*(export / name for name in kinds), "--out", tmp_path / "report", "--accept-refused", "1"]
    done = CliRunner().invoke(replay, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    read = re.findall(r"(\w+\.parquet): .*?, (\d+) (\w+) rows", done.output)
    assert {name: kind for name, _, kind in read} == kinds


async def test_what_cannot_be_written_or_brought_back_is_named(
    export: Path, redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    before = files_in(export)
    for folder, said in ((export, "holds something already"), (export / "trades.parquet" / "below", "cannot be")):
        done = await run(export_memory, folder, "--redis-url", redis_server.url)
        assert done.exit_code == 1
        assert said in done.output
    nothing = await run(export_memory, tmp_path / "none", "--redis-url", redis_server.url, "--key-prefix", "nosuch")
    assert nothing.exit_code == 1
    assert "nothing lies under nosuch" in nothing.output
    beside = await run(import_past, export, export / "trades.parquet", "--redis-url", redis_server.url)
    assert beside.exit_code == 2
    assert "without any other file" in beside.output
    flags = await run(import_past, export, "--zone", "UTC", "--strategy", "A", "--redis-url", redis_server.url)
    assert flags.exit_code == 2
    assert "without --strategy and --zone" in flags.output
    redis_client.set("quantum:stream:portfolio.memory:kept", "")
    redis_client.rename("quantum:stream:portfolio.memory:kept", "quantum:stream:portfolio.memory")
    wrong = await run(export_memory, tmp_path / "wrong", "--redis-url", redis_server.url)
    assert wrong.exit_code == 1
    assert "quantum:stream:portfolio.memory" in wrong.output
    assert not [file for file in files_in(tmp_path) if "wrong" in file.name]
    assert files_in(export) == before
    redis_client.flushall()
    (export / "memory.parquet").write_bytes(b"cut")
    for change, said in (
        (dict, "memory.parquet: cannot be read"),
        ((export / "trades.parquet").unlink, "trades.parquet: cannot be read"),
        (lambda: (export / "export.json").write_text('{"format_version": 2}'), "export.json: cannot be read"),
        (lambda: (export / "export.json").write_text(json.dumps(newer(before[export / "export.json"]))), "newer one"),
        ((export / "export.json").unlink, "is no export"),
    ):
        change()
        done = await run(import_past, export, "--redis-url", redis_server.url)
        assert done.exit_code == 1
        assert said in done.output, done.output
        assert not redis_client.keys()


def newer(manifest: bytes) -> dict[str, object]:
    document: dict[str, object] = json.loads(manifest)
    return document | {"format_version": 99}


def files_in(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.iterdir() if file.is_file()}


async def test_a_stream_that_can_take_no_more_entries_is_exported_whole(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    for entry_id in ("7-1", LAST_ID):
        redis_client.xadd(TRADES, {"market_regime": "BULL", "realized_pnl": "0.5"}, id=entry_id)
    done = await run(export_memory, tmp_path / "export", "--redis-url", redis_server.url)
    assert done.exit_code == 0, done.output
    assert "trades.parquet: 2 rows" in done.output
