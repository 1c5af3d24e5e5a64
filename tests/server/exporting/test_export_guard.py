"""`export` and `import` with the drawdown guard: it goes on where it stood, or is refused; nothing else lowers less."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import redis
from advice import NOW_MS
from processes import aeventually
from redis_inputs import add_regime, add_trade
from server.exporting.commands import run
from syncing import SETTINGS, syncing_with

from strategic_memory_server.cli.export_command import export_memory
from strategic_memory_server.cli.import_command import import_past
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.importing import guard_writing
from strategic_memory_server.importing.guard_writing import Stands, write_guard
from strategic_memory_server.redis_access.round_trip import round_trip
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = pytest.mark.processes

KEYS, AT_ONCE = LogKeys.under("quantum"), 8
ON = replace(SETTINGS, advice=replace(SETTINGS.advice, leverage_guard=True))
OF_ITS_OWN = ("epoch", "revision", "valid_until", "oldest_revision")
Entry = tuple[int, float]


def entries_of(count: int) -> list[Entry]:
    """Trades of one policy, the newest of which spread widely: times and pnl."""
    pnl = np.random.default_rng(7).standard_normal(count) * np.where(np.arange(count) < 0.7 * count, 0.1, 0.6) - 0.2
    return [(NOW_MS + 60_000 * number, round(float(each), 3)) for number, each in enumerate(pnl)]


async def lived(server: EmbeddedRedis, client: redis.Redis, entries: Sequence[Entry], holder: str = "here") -> None:
    """A service with the guard takes in entries, some at a time."""
    client.delete(KEYS.lease)
    async with syncing_with(server.url, ON, holder) as syncing:
        await aeventually(lambda: syncing.leadership.claim is not None)
        for start in range(0, len(entries), AT_ONCE):
            for time_ms, pnl in entries[start : start + AT_ONCE]:
                add_regime(client, "BULL", -0.3, entry_id=f"{time_ms}-0")
                add_trade(client, "BULL", pnl, policy="CONSERVATIVE", entry_id=f"{time_ms}-1")
                syncing.clock.now_ms = time_ms
            status = await syncing.sync.cycle()
            assert status.failure is None


async def confirmed(server: EmbeddedRedis, client: redis.Redis, now_ms: int) -> dict[str, Any]:
    """What a service says that finds nothing new, but for what it says of its own log."""
    client.delete(KEYS.lease)
    async with syncing_with(server.url, ON, "confirming") as syncing:
        await aeventually(lambda: syncing.leadership.claim is not None)
        syncing.clock.now_ms = now_ms
        await syncing.sync.cycle()
    return said(client)


def said(client: redis.Redis) -> dict[str, Any]:
    raw: Any = client.get(KEYS.feedback)
    return {name: value for name, value in json.loads(raw).items() if name not in OF_ITS_OWN}


def guard_in(client: redis.Redis) -> bytes:
    text: Any = client.hget(KEYS.state, "guard")
    return bytes(text or b"")


async def exported(server: EmbeddedRedis, folder: Path) -> Path:
    done = await run(export_memory, folder, "--redis-url", server.url)
    assert done.exit_code == 0, done.output
    return folder


async def brought_back(server: EmbeddedRedis, folder: Path, *flags: str) -> str:
    done = await run(import_past, folder, "--redis-url", server.url, *flags)
    assert done.exit_code == 0, done.output
    return done.output


async def test_leverage_is_what_it_was_and_it_goes_on_as_if_nothing_had_moved(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    entries = entries_of(150)
    past, later = entries[:120], entries[120:]
    await lived(redis_server, redis_client, past)
    expected, stood = await confirmed(redis_server, redis_client, past[-1][0] + 1), guard_in(redis_client)
    assert expected["guard"]["factor"] < 0.9
    assert expected["leverage_bound_by"] == "drawdown_guard"
    folder = await exported(redis_server, tmp_path / "export")
    assert json.loads((folder / "export.json").read_text())["format_version"] == 2
    await lived(redis_server, redis_client, later)
    ends, end = said(redis_client), guard_in(redis_client)
    redis_client.flushall()
    assert "drawdown guard: would be written" in await brought_back(redis_server, folder, "--dry-run")
    assert not redis_client.keys()
    assert "drawdown guard: to write" in await brought_back(redis_server, folder)
    assert "drawdown guard: is there already" in await brought_back(redis_server, folder)
    assert await confirmed(redis_server, redis_client, past[-1][0] + 1) == expected
    assert guard_in(redis_client) == stood
    await lived(redis_server, redis_client, later, "elsewhere")
    assert (said(redis_client), guard_in(redis_client)) == (ends, end)
    assert "drawdown guard: another one stands there" in await brought_back(redis_server, folder)
    assert guard_in(redis_client) == end


async def test_a_service_that_was_there_without_it_is_told_and_off_no_export_has_it(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    await lived(redis_server, redis_client, entries_of(8))
    folder = await exported(redis_server, tmp_path / "export")
    redis_client.hdel(KEYS.state, "guard")
    assert "drawdown guard: is not brought back, and leverage may be higher" in await brought_back(redis_server, folder)
    assert guard_in(redis_client) == b""
    without = await exported(redis_server, tmp_path / "without")
    assert json.loads((without / "export.json").read_text())["format_version"] == 1
    redis_client.hset(KEYS.state, "guard", "{}")
    assert "guard" not in sources(await exported(redis_server, tmp_path / "unreadable"))
    redis_client.flushall()
    assert "drawdown guard" not in await brought_back(redis_server, without)


@pytest.mark.parametrize(
    ("meanwhile", "stands"),
    [
        ({}, Stands.NOTHING),
        ({"epoch": "e"}, Stands.SERVICE),
        ({"epoch": "e", "guard": "1 {}"}, Stands.ANOTHER),
    ],
)
async def test_a_service_that_begins_just_then_is_not_said_to_have_the_guard(
    meanwhile: dict[str, str],
    stands: Stands,
    redis_client: redis.Redis,
    async_client: redis.asyncio.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The import stood still between its look and its writing: nobody was told that leverage is higher than before."""
    ask = round_trip

    async def asked(client: redis.asyncio.Redis, commands: list[bytes]) -> Any:  # noqa: ANN401  as Redis has it
        replies = await ask(client, commands)
        for field, value in meanwhile.items():
            redis_client.hsetnx(KEYS.state, field, value)
        return replies

    monkeypatch.setattr(guard_writing, "round_trip", asked)
    assert await write_guard(async_client, "quantum", b"2 {}", dry_run=False) is stands
    assert guard_in(redis_client) == (b"2 {}" if stands is Stands.NOTHING else meanwhile.get("guard", "").encode())


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_service_that_begins_as_it_is_written_is_left_without_it_and_no_answer_is_looked_into(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch, *, arrives: bool
) -> None:
    """It was told as not brought back, and stood there."""
    pipeline: Any = redis.asyncio.client.Pipeline
    execute = pipeline._execute_transaction

    async def late(self: Any, *arguments: Any) -> Any:  # noqa: ANN401  as redis-py has it
        if arrives:
            await execute(self, *arguments)
            self.watching = True
            raise redis.TimeoutError("no answer")
        redis_client.hset(KEYS.state, "epoch", "e")
        return await execute(self, *arguments)

    monkeypatch.setattr(pipeline, "_execute_transaction", late)
    stands = await write_guard(async_client, "quantum", b"2 {}", dry_run=False)
    assert (stands, guard_in(redis_client)) == ((Stands.NOTHING, b"2 {}") if arrives else (Stands.SERVICE, b""))


async def test_a_redis_that_refuses_it_is_told_by_what_it_says(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.ResponseError, match="maxmemory"):
            await write_guard(async_client, "quantum", b"2 {}", dry_run=False)
    finally:
        redis_client.config_set("maxmemory", 0)


def sources(folder: Path) -> list[str]:
    found: list[str] = pq.read_table(folder / "values.parquet").column("source").to_pylist()
    return found


@pytest.mark.parametrize(
    ("carried", "told"),
    [
        (b"2 {}", "it is of version 2, and this service reads up to 1"),
        (b"guard", "it is no state of a guard"),
        (b'1 {"results": -1}', "results: Input should be greater than or equal to 0"),
        (b"1 ", "it is no state of a guard"),
    ],
)
async def test_one_that_cannot_be_read_is_refused_before_anything_is_written(
    carried: bytes, told: str, redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    await lived(redis_server, redis_client, entries_of(3))
    folder = await exported(redis_server, tmp_path / "export")
    table = pq.read_table(folder / "values.parquet")
    rows = [row | ({"value": carried} if row["source"] == "guard" else {}) for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / "values.parquet")
    redis_client.flushall()
    done = await run(import_past, folder, "--redis-url", redis_server.url)
    assert done.exit_code == 1
    assert "values.parquet: what the drawdown guard goes on from cannot be read" in done.output
    assert told in done.output, done.output
    assert not redis_client.keys()
