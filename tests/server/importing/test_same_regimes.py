"""One record gives the same regimes, sums and figures in a replay of its files, in the streams, and in a request."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis
import redis.asyncio
from click.testing import CliRunner
from input_streams import random_opening
from memory_rows import rows_of
from patient_redis import PATIENT
from redis_inputs import portfolio_stream, read_stream, regime_stream, trade_stream
from replay_records import read

from strategic_memory.v1 import memory_pb2
from strategic_memory_server.cli.import_command import import_past
from strategic_memory_server.columns.stream_position import id_of
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.span_sums import sums_of_span
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.memory.time_span import ALL_TIME, TimeSpan
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.courses.evidence_course import EvidenceMoments
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Record
from strategic_memory_server.rpc.inline.inline_memory import read_inline_memory

START_MS = 1_700_000_000_000
DECAY = 0.99
WINDOWS = WindowSettings(1_000, 1_000, 1_000)
STREAMS = (regime_stream, portfolio_stream, trade_stream)

Regimes = list[tuple[int, str, float]]
"""Times, regimes and pnl."""


def rows(random: Random) -> list[list[Any]]:
    """Rows that say when they were opened, or do not, and often have no regime of their own.

    Several observations may be of one millisecond: all come before a trade of then, and the last one counts.
    """
    made: list[list[Any]] = []
    time_ms = START_MS
    for number in range(random.choice((30, 200))):
        time_ms += random.choice((0, 0, 1, 1, 5, 10))
        kind = random.choice(("regime", "portfolio", "trade", "trade"))
        own = random.choice(("BULL", "BEAR", "RANGE")) if kind == "regime" or random.random() < 0.3 else ""
        opened_ms = None if kind == "regime" else random_opening(random, time_ms)
        opened = "" if opened_ms is None or opened_ms > time_ms else opened_ms
        policy = random.choice(("AGGRESSIVE", "BALANCED", "CONSERVATIVE")) if kind == "trade" else ""
        trade_id = f"t{number}" if kind == "trade" else ""
        made.append([time_ms, kind, own, round(random.gauss(0, 1), 3), policy, trade_id, opened])
    return made


def recorded(record: Record, kind: Kind) -> Regimes:
    entries = record.entries
    return [
        (int(entries.time_ms[place]), record.regime_names[entries.regime[place]], float(entries.pnl[place]))
        for place in (entries.kind == kind).nonzero()[0].tolist()
    ]


def remembered(memory: StrategicMemory) -> tuple[Regimes, Regimes]:
    found = rows_of(memory)
    return (
        [(row.time_ms, row.regime, row.pnl) for row in found.portfolio],
        [(row.time_ms, row.regime, row.pnl) for row in found.trades],
    )


def sent(made: list[list[Any]]) -> memory_pb2.InlineMemory:
    """The same rows as a request."""
    memory = memory_pb2.InlineMemory()
    for time_ms, kind, own, pnl, policy, _, opened in made:
        given: Any = {"pnl": [pnl], "time_ms": [time_ms]}
        if kind == "regime":
            memory.regime_observations.MergeFrom(memory_pb2.RegimeColumns(regime=[own], **given))
            continue
        given["opened_at"] = [opened or 0]
        if kind == "portfolio":
            memory.portfolio_entries.MergeFrom(memory_pb2.PortfolioColumns(regime=[own], **given))
            continue
        given["realized_pnl"] = given.pop("pnl")
        memory.trade_results.MergeFrom(memory_pb2.TradeColumns(market_regime=[own], policy=[policy], **given))
    return memory


def cells_of(sums: EvidenceSums) -> dict[str, list[float]]:
    return {
        regime: [number for cell in cells for number in (cell.weight, cell.pnl, cell.squared_pnl)]
        for regime, cells in sums.regimes.items()
    }


async def one_by_one(
    client: redis.Redis, async_client: redis.asyncio.Redis, random: Random
) -> tuple[StrategicMemory, EvidenceSums]:
    """Write the streams again as time goes by, and read them in between: what a service has learnt that was there."""
    written = [
        (id_of(entry_id), number, fields)
        for number, stream in enumerate(STREAMS)
        for entry_id, fields in read_stream(client, stream())
    ]
    # A short window of observations: those of openings have left it by the time of the close.
    loader = MemoryLoader(async_client, "live", WindowSettings(random.choice((1, 5, 50)), 1_000, 1_000))
    store = MemoryStore(async_client, "live", DECAY, 1_000)
    long = LongMemory(store, TradeReader(async_client, "live"))
    for entry_id, number, fields in sorted(written, key=lambda each: (each[0][0], each[1], each[0][1])):
        client.xadd(STREAMS[number]("live"), dict(fields.items()), id="{}-{}".format(*entry_id))
        if random.random() < 0.3:
            await loader.load()
            long.written((await long.gather()).note)
    return (await loader.load()).memory, (await long.gather()).kept.sums


@pytest.mark.parametrize("seed", range(12))
async def test_files_streams_and_requests_agree(
    seed: int,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    async_client: redis.asyncio.Redis,
    tmp_path: Path,
) -> None:
    random = Random(seed)
    made = rows(random)
    with (tmp_path / "record.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "kind", "regime", "pnl", "policy", "trade_id", "opened"])
        writer.writerows(made)
    record = read([tmp_path / "record.csv"])
    expected = recorded(record, Kind.PORTFOLIO), recorded(record, Kind.TRADE)
    moment = EvidenceMoments(record, EvidenceSettings(decay=DECAY)).before(len(record))
    names = sorted({regime for _, regime, _ in expected[1]})
    cells = {name: pytest.approx(found, rel=1e-9) for name, found in zip(names, moment.cells, strict=True)}

    arguments = [str(tmp_path / "record.csv"), "--redis-url", redis_server.url]
    done = await asyncio.to_thread(CliRunner(env=PATIENT).invoke, import_past, arguments)
    assert done.exit_code == 0, done.output
    assert remembered((await MemoryLoader(async_client, "quantum", WINDOWS).load()).memory) == expected
    span = await MemoryLoader(async_client, "quantum", WINDOWS).load_span(WINDOWS, TimeSpan(None, START_MS + 10**6))
    assert remembered(span.memory) == expected
    reader = TradeReader(async_client, "quantum")
    assert cells_of(await sums_of_span(reader, ALL_TIME, DECAY, 1_000)) == cells
    assert cells_of(await sums_of_span(reader, ALL_TIME, DECAY, 1_000, newest=span.trades)) == cells

    memory, sums = await one_by_one(redis_client, async_client, random)
    assert remembered(memory) == expected
    assert cells_of(sums) == cells
    assert remembered(read_inline_memory(sent(made), WINDOWS).memory) == expected
