"""MemoryLoader from one load to the next: gaps, long readings, failures, and what it hands out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import redis
import redis.asyncio
import structlog
from memory_rows import report_of, rows_of
from patient_redis import PATIENCE_S, patient
from redis_inputs import add_entry, add_portfolio, add_regime, add_trade, portfolio_stream, regime_stream, trade_stream

from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries import input_keys
from strategic_memory_server.entries.rejections import RejectionLedger
from strategic_memory_server.inputs import load_log, memory_loader
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.windows.name_table import SPARE_NAMES

SMALL = WindowSettings(regime=5, portfolio=5, trades=5)
LONG = WindowSettings(regime=20_000, portfolio=20_000, trades=20_000)


@pytest.fixture
def loader(async_client: redis.asyncio.Redis) -> MemoryLoader:
    return MemoryLoader(async_client, "quantum", SMALL)


def add_many(client: redis.Redis, stream: str, count: int, **fields: str) -> None:
    pipeline = client.pipeline(transaction=False)
    for _ in range(count):
        pipeline.xadd(stream, dict(fields.items()))
    pipeline.execute()


async def test_a_memory_that_was_handed_out_stays_as_it_was(loader: MemoryLoader, redis_client: redis.Redis) -> None:
    """Also when a late observation gives its entries another regime, and when they are no longer in the window."""
    add_regime(redis_client, "BULL", entry_id="10-0")
    for number in (12, 20, 21):
        add_portfolio(redis_client, regime=None, entry_id=f"{number}-0")
        add_trade(redis_client, None, entry_id=f"{number}-0")
    first = (await loader.load()).memory
    before, analysis = rows_of(first), PatternAnalyzer().analyze(first)
    add_regime(redis_client, "BEAR", entry_id="15-0")
    second = (await loader.load()).memory
    assert [row.regime for row in rows_of(second).portfolio] == ["BULL", "BEAR", "BEAR"]
    assert [row.regime for row in rows_of(second).trades] == ["BULL", "BEAR", "BEAR"]
    for number in range(30, 130):
        add_portfolio(redis_client, regime=f"R{number}", entry_id=f"{number}-0")
        await loader.load()
    redis_client.flushall()
    await loader.load()
    assert rows_of(first) == before
    assert PatternAnalyzer().analyze(first) == analysis
    assert not first.portfolio.regime.flags.writeable


async def test_names_that_are_made_up_anew_all_the_time_are_forgotten(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    loader = MemoryLoader(async_client, "quantum", WindowSettings(regime=50, portfolio=50, trades=30))
    longest, memory = 0, (await loader.load()).memory
    for start in range(0, 8 * SPARE_NAMES, 40):
        pipeline = redis_client.pipeline(transaction=False)
        for number in range(start, start + 40):
            pipeline.xadd(trade_stream(), {"realized_pnl": 1, "market_regime": f"R{number}", "strategy": f"S{number}"})
        pipeline.execute()
        memory = (await loader.load()).memory
        longest = max(longest, len(memory.regime_names), len(memory.strategy_names))
    assert longest < 3 * SPARE_NAMES
    last = 8 * SPARE_NAMES // 40 * 40 + 40 - 1
    assert [(row.regime, row.strategy) for row in rows_of(memory).trades] == [
        (f"R{number}", f"S{number}") for number in range(last - 29, last + 1)
    ]
    fresh = (await loader.another(WindowSettings(), ()).load()).memory
    assert PatternAnalyzer().analyze(memory) == PatternAnalyzer().analyze(fresh)


async def test_each_rejected_entry_is_met_once_and_counted_while_the_window_spans_it(
    loader: MemoryLoader, redis_client: redis.Redis
) -> None:
    ledger = RejectionLedger()
    met: list[int] = []
    loaded = await loader.load()
    for number in range(12):
        add_entry(redis_client, regime_stream(), regime="BULL", pnl="loss" if number % 3 == 0 else "1")
        loaded = await loader.load()
        met.append(len(loaded.rejected))
        ledger.record(loaded.rejected)
    assert met == [1, 0, 0] * 4
    assert report_of(loaded.memory, input_keys.META_REGIME).rejected == {"pnl_not_a_number": 2}
    again = await loader.load(reread=True)
    assert len(again.rejected) == 2, "as many as a window that is read anew comes across"
    assert ledger.record(again.rejected) == []
    assert ledger.totals == {(input_keys.META_REGIME, "pnl_not_a_number"): 4}


async def test_small_windows_are_read_anew_once_in_a_while(
    loader: MemoryLoader, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry deleted by name from the middle of a stream that was trimmed as well cannot be told otherwise."""
    for number in range(1, 9):
        add_regime(redis_client, entry_id=f"{number}-0", pnl=number)
    await loader.load()
    monkeypatch.setattr(memory_loader, "RECHECK_S", 0.0)
    await loader.load(reread=True)
    redis_client.xdel(regime_stream(), "1-0", "6-0")
    memory = (await loader.load()).memory
    assert memory.regimes.pnl.tolist() == [3.0, 4.0, 5.0, 7.0, 8.0]


async def test_a_long_reading_says_how_far_it_is_and_lets_others_have_their_turn(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_log, "PROGRESS_S", 0.0)
    for stream in (portfolio_stream(), trade_stream()):
        add_many(redis_client, stream, 3_000, pnl="1", realized_pnl="1")
    add_many(redis_client, regime_stream(), 3_000, pnl="1", regime="BULL")
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    with structlog.testing.capture_logs() as logged:
        memory = (await MemoryLoader(async_client, "quantum", LONG).load()).memory
    others.cancel()
    assert memory.sample_count == 9_000
    told = [line for line in logged if line["event"] == "Reading the memory"]
    assert {line["source"] for line in told} == set(input_keys.STREAM_SOURCES)
    for source in input_keys.STREAM_SOURCES:
        entries = [line["entries"] for line in told if line["source"] == source]
        assert entries == sorted(entries)
        assert entries[-1] >= 2_000
    assert {line["of"] for line in told if line["entries"]} == {3_000}
    (done,) = [line for line in logged if line["event"] == "Memory read"]
    assert done["entries"] == 9_000
    pages = 9_000 / ReadingLimits().page_entries
    # What has arrived already is received without waiting, so there may be fewer than one a receiving.
    assert turns > 2 * pages, "at least once for reading and once for taking over a page"


async def test_a_short_reading_says_nothing(
    loader: MemoryLoader, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the reading of one entry may last for seconds.
    monkeypatch.setattr(load_log, "PROGRESS_S", 60.0)
    add_regime(redis_client)
    with structlog.testing.capture_logs() as logged:
        await loader.load()
    assert logged == []


@pytest.mark.parametrize("turns", range(0, 60, 3))
async def test_a_load_that_was_cut_short_does_no_harm(
    turns: int, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """Cancelled at any place, while the windows are read, caught up with, trimmed and joined anew."""
    windows = WindowSettings(regime=8, portfolio=12, trades=40)
    loader = MemoryLoader(async_client, "quantum", windows, limits=ReadingLimits(page_entries=3))
    changes: tuple[Callable[[], object], ...] = (
        lambda: [add_regime(redis_client, name, entry_id=f"{number}-0") for number, name in enumerate("ABCABCABC", 10)],
        lambda: [add_portfolio(redis_client, regime=None, entry_id=f"{number}-0") for number in range(5, 35)],
        lambda: [add_trade(redis_client, None, entry_id=f"{number}-0") for number in range(5, 35)],
        lambda: [add_regime(redis_client, name, entry_id=f"{number}-0") for number, name in enumerate("DEF", 30)],
        lambda: [
            add_portfolio(redis_client, 7.0, regime="G", entry_id="36-0"),
            *(add_regime(redis_client, name, entry_id=f"{number}-0") for number, name in enumerate("ABCABCABCABC", 40)),
        ],
        lambda: redis_client.xtrim(regime_stream(), 4, approximate=False),
        lambda: redis_client.xtrim(portfolio_stream(), 9, approximate=False),
    )
    for change in changes:
        change()
        task = asyncio.create_task(loader.load())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        kept = await loader.load()
        fresh = await loader.another(windows, ()).load()
        assert rows_of(kept.memory) == rows_of(fresh.memory)
        assert PatternAnalyzer().analyze(kept.memory) == PatternAnalyzer().analyze(fresh.memory)


@pytest.mark.parametrize("windows", [SMALL, LONG])
async def test_it_goes_on_after_redis_was_away_and_lost_what_it_had_last(
    windows: WindowSettings, fresh_redis: EmbeddedRedis
) -> None:
    async with connect(patient(fresh_redis.url)) as client:
        loader = MemoryLoader(client, "quantum", windows)
        # What is sent once more after a timeout would be refused: its id is there already.
        with redis.Redis.from_url(fresh_redis.url, socket_timeout=PATIENCE_S) as writer:
            for number in range(1, 4):
                add_regime(writer, "BULL", number, entry_id=f"{number}-0")
            await loader.load()
        fresh_redis.kill()
        with pytest.raises(redis.exceptions.RedisError):
            await loader.load()
        fresh_redis.start()
        with redis.Redis.from_url(fresh_redis.url, socket_timeout=PATIENCE_S) as writer:
            assert (await loader.load()).memory.regimes.pnl.tolist() == [1.0, 2.0, 3.0]
            writer.delete(regime_stream())
            add_regime(writer, "BULL", 1, entry_id="1-0")
            add_regime(writer, "BULL", 9, entry_id="9-0")
            assert (await loader.load()).memory.regimes.pnl.tolist() == [1.0, 9.0]


async def test_deletions_that_trimming_covers_are_found_while_the_window_holds_the_whole_stream(
    loader: MemoryLoader, redis_client: redis.Redis
) -> None:
    """And what is new in the other streams counts once although one stream is read again."""
    for number in range(1, 5):
        add_portfolio(redis_client, number, entry_id=f"{number}-0")
    for number in range(7):
        add_trade(redis_client, "BULL", number)
    await loader.load()
    redis_client.xdel(portfolio_stream(), "1-0", "3-0")
    add_trade(redis_client, "BULL", 0.5)
    memory = (await loader.load()).memory
    assert (memory.portfolio.pnl.tolist(), memory.trades.pnl.tolist()) == ([2.0, 4.0], [3.0, 4.0, 5.0, 6.0, 0.5])
